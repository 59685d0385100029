"""The second part of the referrals' faults: too few rows, rare classes, labels that say nothing."""

from __future__ import annotations

from verdict_referrals_design_rows import (
    beats,
    drawn_anew,
    joined_otherwise,
    machines,
    notes,
    of_another_column,
    rhythm,
    signs,
    sorted_labels,
    throws,
)
from verdict_referrals_design_trainings import (
    FLIGHT,
    FLIGHTS,
    HAND,
    HANDS,
    LETTER,
    LETTERS,
    MIXED,
    NOTED,
    SEEN,
    SOUNDS,
    SPECTRA,
)
from verdict_runs import Subject, Training, Ward, dense, first, rare
from verdict_tables import keel

import chainrule as cr


def overfitting() -> list[Subject]:
    ward = Ward("overfitting")
    patients = Training(first(keel("pima", 768), 150), dense(6, activation="tanh"),
                        {"learning_rate": 0.006, "epochs": 60, "l2": 0.01})  # fmt: skip
    swing = Training(rhythm(44, 0.35), dense(4, activation="tanh"),
                     {"optimizer": "bayesian_regularization", "epochs": 45})  # fmt: skip
    flights = Training(throws(80, 0.6), dense(8, activation="tanh"),
                       {"learning_rate": 0.015, "epochs": 60, "l2": 0.01})  # fmt: skip
    messages = Training(
        notes(130, 60, 16, 0.3),
        cr.Network(cr.Embedding(60, 6), cr.GlobalAveragePool(over="time"), cr.Dense()),
        {"learning_rate": 0.015, "epochs": 40},
    )
    large = cr.Network(cr.Embedding(60, 34), cr.Flatten(), cr.Dense(66, "relu"), cr.Dense())
    images = SEEN.but(signs(170, 0.4), epochs=60)
    many = cr.Network(cr.Conv(18, 3, activation="relu"), cr.Flatten(), cr.Dense(70, "relu"),
                      cr.Dense())  # fmt: skip
    credit = Training(first(keel("australian", 690), 150), dense(8),
                      {"optimizer": "rmsprop", "learning_rate": 0.004, "epochs": 30})  # fmt: skip
    return [
        ward.case("150 patients, two broad layers, to the end", patients, keep="last", l2=0.0,
                  network=dense(170, 170), epochs=90),
        ward.case("44 points of a swing, by Levenberg and Marquardt", swing, keep="last",
                  optimizer="levenberg_marquardt", network=dense(27, activation="tanh")),
        ward.case("80 noisy throws, 18000 weights", flights, keep="last", l2=0.0,
                  network=dense(130, 130, activation="tanh"), epochs=200),
        ward.case("130 notes, each place of a token by itself", messages, network=large,
                  keep="last"),
        ward.case("170 images, a broad layer over all places", images, network=many, keep="last"),
        ward.case("150 applicants, ten times the epochs", credit, network=dense(120), epochs=300,
                  keep="last"),
    ]  # fmt: skip


def imbalance() -> list[Subject]:
    ward = Ward("imbalance", judge="balanced error")
    even = {"class_weight": "balanced"}
    failing = Training(machines(1100, 0.035), dense(14, activation="tanh"),
                       {"learning_rate": 0.004, "epochs": 25, **even})  # fmt: skip
    sound = Training(rare(SOUNDS, 1, 45), dense(26, activation="tanh"),
                     {"learning_rate": 0.004, "epochs": 25, **even})  # fmt: skip
    homes = Training(rare(keel("contraceptive", 1473), 1, 70), dense(18, activation="gelu"),
                     {"optimizer": "nesterov", "learning_rate": 0.015, "epochs": 25,
                      **even})  # fmt: skip
    heart = Training(
        beats(900, 0.04, 0.3),
        cr.Network(cr.Conv(6, 7, activation="relu"), cr.MaxPool(2), cr.Flatten(), cr.Dense()),
        {"learning_rate": 0.004, "epochs": 12, **even},
    )
    talk = Training(
        rare(notes(1500, 60, 16, 0.25), 2, 40),
        cr.Network(cr.Embedding(60, 6), cr.GlobalAveragePool(over="time"), cr.Dense()),
        {"learning_rate": 0.015, "epochs": 15, **even},
    )
    lost = Training(rare(keel("titanic", 2201), 1, 110), dense(18),
                    {"learning_rate": 0.006, "epochs": 20, **even})  # fmt: skip
    return [
        ward.case("machines, 3.5 % of which fail", failing, class_weight=None),
        ward.case("sounds, 45 of the second kind", sound, class_weight=None),
        ward.case("homes, 70 of one of three kinds", homes, class_weight=None),
        ward.case("heartbeats, 4 % of them early", heart, class_weight=None),
        ward.case("notes, 40 on the third subject", talk, class_weight=None),
        ward.case("a ship, 110 saved", lost, class_weight=None),
    ]  # fmt: skip


def uninformative_labels() -> list[Subject]:
    ward = Ward("uninformative_labels", treatable=False)
    words = notes(720, 60, 16, 0.35)
    return [
        ward.case("hands, labels sorted and rows not", HAND, data=sorted_labels(HANDS)),
        ward.case("mixtures, two files joined the other way round", MIXED,
                  data=joined_otherwise(SPECTRA, 252)),
        ward.case("throws, a key for the target", FLIGHT, data=of_another_column(FLIGHTS)),
        ward.case("letters, 65 % of labels drawn anew", LETTER, data=drawn_anew(LETTERS, 0.65)),
        ward.case("notes, nine of ten labels drawn anew", NOTED, data=drawn_anew(words, 0.9)),
        ward.case("images, labels one row off", SEEN,
                  data=joined_otherwise(signs(600, 0.5), 1)),
    ]  # fmt: skip
