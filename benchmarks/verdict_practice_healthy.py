"""The practice set's healthy runs; written without knowing how a verdict is found.

None of three times the learning rate, a third of it, and three times the epochs beats one of them
clearly over ten seeds: by p < 0.05, d >= 0.5 and more than 15 % of its held-out error. What is left
of their errors is mostly noise of their rows; patterns without noise are learned up to a goal.
"""

from __future__ import annotations

from typing import Any

from verdict_practice_healthy_data import (
    answers,
    arm,
    arms,
    boiling,
    fan,
    faults_of_a_machine,
    grades,
    humps,
    hums,
    messages,
    of_factors,
    parity,
    partly_known,
    pendulum,
    recalled,
    running,
    shapes,
    spectra,
    stripes,
    swings,
    visits,
    with_wild_ones,
)
from verdict_runs import Data, Subject, Training, changed, dense, healthy
from verdict_tables import diabetes, exclusive_or, iris, keel, moons, numbered, plane, wine

import chainrule as cr


def subjects() -> list[Subject]:
    """Return all healthy runs."""
    parts = (patterns, small_tables, noisy_numbers, overlapping, rare, several, deep, others,
             scales, shaped, late)  # fmt: skip
    return [one for part in parts for one in part()]


def training(data: Data, network: cr.Network, **settings: Any) -> Training:
    return Training(data, network, settings)


def patterns() -> list[Subject]:
    """All patterns that there are, so that none can be held out."""
    whole: dict[str, Any] = {"validation": 0.0}
    return [
        healthy("exclusive or, gradient descent",
                training(exclusive_or, dense(8, activation="tanh"), optimizer="gradient_descent",
                         learning_rate=0.3, epochs=2000, target_loss=0.01, **whole)),
        healthy("encoder of 8 by 3, Rprop",
                training(numbered(8), dense(3, activation="tanh"), optimizer="irprop_plus",
                         epochs=150, **whole)),
        healthy("parity of 4 bits, Levenberg-Marquardt",
                training(parity(4), dense(8, activation="tanh", outputs=1),
                         optimizer="levenberg_marquardt", loss="binary_cross_entropy", epochs=80,
                         **whole)),
        healthy("parity of 3 bits, sigmoid and momentum",
                training(parity(3), dense(8, activation="sigmoid"), optimizer="momentum",
                         learning_rate=0.3, epochs=2000, target_loss=0.01, **whole)),
        healthy("encoder of 12 by 6, sigmoid and Nesterov",
                training(numbered(12), dense(6, activation="sigmoid"), optimizer="nesterov",
                         learning_rate=0.3, epochs=2000, target_loss=0.02, **whole)),
    ]  # fmt: skip


def small_tables() -> list[Subject]:
    """From 60 to 350 rows, mostly with an end by patience or with decay."""
    return [
        healthy("iris, momentum",
                training(iris, dense(8, activation="tanh"), optimizer="momentum",
                         learning_rate=0.05, epochs=100)),
        healthy("wine, L-BFGS with decay",
                training(wine, dense(6, activation="tanh"), optimizer="lbfgs", l2=0.01, epochs=40)),
        healthy("70 rows of a bent plane, Bayesian regularization",
                training(plane(70, 3, 0.5), dense(5, activation="tanh"),
                         optimizer="bayesian_regularization", epochs=80, validation=0.3)),
        healthy("hayes-roth, gelu",
                training(keel("hayes-roth"), dense(16, activation="gelu"), learning_rate=0.01,
                         epochs=120, patience=40)),
        healthy("heart, dropout",
                training(keel("heart"), cr.Network(cr.Dense(24, "relu"), cr.Dropout(0.3),
                                                   cr.Dense()),
                         learning_rate=0.003, epochs=60)),
        healthy("sonar, AdamW and patience",
                training(keel("sonar"), dense(20), optimizer=cr.AdamW(0.003, weight_decay=0.05),
                         epochs=120, patience=30)),
        healthy("diabetes, a small network that stops early",
                training(diabetes, dense(10), optimizer="adamw", learning_rate=0.005, epochs=100,
                         patience=15)),
        healthy("100 answers, a linear one would do",
                training(answers(100, 4, 1.5), dense(4, activation="tanh"), learning_rate=0.01,
                         epochs=80, l2=0.003)),
        healthy("bupa, scaled conjugate gradient",
                training(keel("bupa"), dense(6, activation="tanh"),
                         optimizer="scaled_conjugate_gradient", l2=0.003, epochs=80)),
    ]  # fmt: skip


def noisy_numbers() -> list[Subject]:
    """The best that can be reached is far from nothing."""
    return [
        healthy("a fifth of the variance to be known, gelu",
                training(partly_known(500, 6, 0.2), dense(16, activation="gelu"),
                         learning_rate=0.005, epochs=60)),
        healthy("two fifths to be known, NAdam",
                training(partly_known(800, 5, 0.4), dense(24), optimizer="nadam",
                         learning_rate=0.003, epochs=50)),
        healthy("heavy tails, Huber's loss",
                training(with_wild_ones(600), dense(24, activation="tanh"), loss="huber",
                         learning_rate=0.01, epochs=80)),
        healthy("heavy tails, absolute error and amsgrad",
                training(with_wild_ones(500), dense(20), loss="mean_absolute_error",
                         optimizer="amsgrad", learning_rate=0.01, epochs=80)),
        healthy("a quantile of a fan",
                training(fan(600), dense(8, activation="tanh"), learning_rate=0.01, epochs=60,
                         loss=cr.loss("quantile", quantile=0.9))),
        healthy("counts by Poisson's loss",
                training(visits(700), dense(16, activation="tanh"), loss="poisson",
                         learning_rate=0.01, epochs=60)),
    ]  # fmt: skip


def overlapping() -> list[Subject]:
    """Classes that no network tells apart wholly."""
    return [
        healthy("contraceptive, cosine",
                training(keel("contraceptive"), dense(20),
                         learning_rate=cr.CosineDecay(0.005, 40), epochs=40)),
        healthy("pima, gradient descent",
                training(keel("pima"), dense(10, activation="tanh"), optimizer="gradient_descent",
                         learning_rate=0.05, epochs=60)),
        healthy("tae, relu with decay",
                training(keel("tae"), dense(24), learning_rate=0.01, epochs=100, l2=0.003)),
        healthy("answers, one output and Adagrad",
                training(answers(900, 6, 1.0), dense(12, activation="tanh", outputs=1),
                         loss="binary_cross_entropy", optimizer="adagrad", learning_rate=0.1,
                         epochs=50)),
        healthy("grades, RMSProp",
                training(grades(700), dense(20), optimizer="rmsprop", learning_rate=0.003,
                         epochs=60)),
        healthy("moons that reach far into each other, adaptive rate",
                training(moons(400, 0.35), dense(12, activation="tanh"), optimizer="adaptive_rate",
                         learning_rate=0.1, epochs=400)),
        healthy("banana, Adadelta",
                training(keel("banana", 1000), dense(24), optimizer="adadelta", learning_rate=5.0,
                         epochs=60)),
    ]  # fmt: skip


def rare() -> list[Subject]:
    """Classes of unequal size that are learned as well as they can be."""
    return [
        healthy("one machine in sixteen at fault",
                training(faults_of_a_machine(960, 0.0625, 3.0), dense(16), learning_rate=0.005,
                         epochs=60)),
        healthy("one in eight at fault, nearer by",
                training(faults_of_a_machine(800, 0.125, 2.2), dense(16, activation="tanh"),
                         optimizer="nadam", learning_rate=0.005, epochs=50)),
        healthy("answers of which few are yes, balanced weights",
                training(changed(grades(800), y=lambda y: (y == 2).astype(int)), dense(12),
                         class_weight="balanced", learning_rate=0.005, epochs=50)),
    ]  # fmt: skip


def several() -> list[Subject]:
    """Several targets at once."""
    return [
        healthy("an arm of two joints, tanh",
                training(arm(600, 0.15), dense(24, 24, activation="tanh"), learning_rate=0.005,
                         epochs=80)),
        healthy("three targets, half to be known",
                training(partly_known(600, 6, 0.5, targets=3), dense(32), learning_rate=0.005,
                         epochs=60)),
        healthy("an autoencoder of 12 columns by 3",
                training(of_factors(700, 12, 3, 0.2),
                         cr.Network(cr.Dense(24, "tanh"), cr.Dense(3), cr.Dense(24, "tanh"),
                                    cr.Dense()),
                         learning_rate=0.005, epochs=80)),
        healthy("an autoencoder by L-BFGS",
                training(of_factors(300, 8, 2, 0.3), dense(2, activation="tanh"),
                         optimizer="lbfgs", epochs=60)),
    ]  # fmt: skip


def deep() -> list[Subject]:
    block = cr.Residual(cr.Dense(16, "relu"), cr.Dense(16))
    return [
        healthy("three arms of a spiral, three layers of tanh",
                training(arms(900, 3, 0.7, 0.08), dense(32, 32, 32, activation="tanh"),
                         learning_rate=0.005, epochs=120)),
        healthy("eight layers of relu on phoneme",
                training(keel("phoneme", 1500), dense(*[24] * 8), learning_rate=0.002, epochs=60)),
        healthy("six layers of tanh, half to be known",
                training(partly_known(600, 5, 0.5), dense(*[16] * 6, activation="tanh"),
                         learning_rate=0.001, epochs=50)),
        healthy("gelu with layer norm",
                training(answers(900, 8, 1.5),
                         cr.Network(cr.Dense(24), cr.LayerNorm(), cr.Activation("gelu"),
                                    cr.Dense(24), cr.LayerNorm(), cr.Activation("gelu"),
                                    cr.Dense()),
                         learning_rate=0.002, epochs=40)),
        healthy("residual blocks, one cycle",
                training(partly_known(700, 5, 0.6),
                         cr.Network(cr.Dense(16), block, cr.Dense(16, "relu"), cr.Dense()),
                         learning_rate=cr.OneCycle(0.01, 40), epochs=40)),
    ]  # fmt: skip


def others() -> list[Subject]:
    """The optimizers that take all rows, each where it is used."""
    half = partly_known(300, 4, 0.5)
    small = dense(6, activation="tanh")
    calm: dict[str, Any] = {"l2": 0.01}
    return [
        healthy("Rprop's first form", training(half, small, optimizer="rprop_plus", epochs=80,
                                               **calm)),
        healthy("Rprop of two signs", training(half, small, optimizer="rprop_minus", epochs=80,
                                               **calm)),
        healthy("PyTorch's Rprop on mammographic",
                training(keel("mammographic"), small, optimizer="irprop_minus", epochs=60, **calm)),
        healthy("bold driver", training(answers(300, 4, 2.0), small, optimizer="bold_driver",
                                        learning_rate=0.3, epochs=300, **calm)),
        healthy("BFGS", training(half, small, optimizer="bfgs", epochs=60, **calm)),
        healthy("one-step secant", training(half, small, optimizer="one_step_secant", epochs=80,
                                            **calm)),
        healthy("Polak and Ribiere", training(arm(200, 0.1), dense(12, activation="tanh"),
                                              optimizer="conjugate_gradient_polak_ribiere",
                                              epochs=200)),
        healthy("Fletcher and Reeves", training(half, small, epochs=80, **calm,
                                                optimizer="conjugate_gradient_fletcher_reeves")),
        healthy("Powell and Beale", training(humps(150, 0.4), dense(10, activation="tanh"),
                                             optimizer="conjugate_gradient_powell_beale",
                                             epochs=300)),
        healthy("Newton's method on answers",
                training(answers(400, 5, 1.0), cr.Network(cr.Dense(1)),
                         loss="binary_cross_entropy", optimizer="gauss_newton", epochs=30)),
        healthy("a strategy of evolution",
                training(partly_known(150, 3, 0.5), dense(3, activation="tanh"),
                         optimizer="evolution_strategy", epochs=150, **calm)),
    ]  # fmt: skip


def scales() -> list[Subject]:
    """Scales that are unusual, and sound."""
    tenths = changed(partly_known(500, 4, 0.6), X=lambda X: 0.3 * X)
    shares = changed(grades(600), X=lambda X: (X + 4.0) / 8.0)
    return [
        healthy("a pendulum in metres and seconds",
                training(pendulum(400, 0.15), dense(16, activation="tanh"), learning_rate=0.02,
                         epochs=200)),
        healthy("kelvins by Levenberg-Marquardt, 370 on average",
                training(boiling(120, 4.0), dense(4, activation="tanh"),
                         optimizer="levenberg_marquardt", epochs=60)),
        healthy("columns of deviation .3",
                training(tenths, dense(24), learning_rate=0.01, epochs=60)),
        healthy("columns from 0 to 1",
                training(shares, dense(24), learning_rate=0.02, epochs=80)),
        healthy("targets of deviation 3",
                training(changed(partly_known(600, 4, 0.7), y=lambda y: 3.0 * y), dense(24),
                         learning_rate=0.01, epochs=60)),
    ]  # fmt: skip


def shaped() -> list[Subject]:
    """Sequences, signals and pictures."""
    return [
        healthy("hums, GRU", training(hums(300, 14, 0.8), cr.Network(cr.GRU(10), cr.Dense()),
                                      learning_rate=0.02, epochs=50)),
        healthy("a series that remembers two steps, tanh",
                training(recalled(500, 8, 0.9), cr.Network(cr.Recurrent(8), cr.Dense()),
                         learning_rate=0.005, epochs=40)),
        healthy("swings, LSTM", training(swings(400, 12, 0.2), cr.Network(cr.LSTM(10), cr.Dense()),
                                         learning_rate=0.02, epochs=60)),
        healthy("an answer at each time, GRU",
                training(running(200, 10), cr.Network(cr.GRU(8, every_step=True), cr.Dense()),
                         learning_rate=0.04, epochs=50)),
        healthy("messages, embedding",
                training(messages(700, 40, 12, 0.1),
                         cr.Network(cr.Embedding(40, 4), cr.GlobalAveragePool(over="time"),
                                    cr.Dense()),
                         learning_rate=0.02, epochs=50)),
        healthy("spectra, convolution",
                training(spectra(600, 0.25),
                         cr.Network(cr.Conv(16, 7, activation="relu"), cr.MaxPool(2),
                                    cr.Conv(16, 5, activation="relu"), cr.GlobalMaxPool(),
                                    cr.Dense()),
                         learning_rate=0.005, epochs=60)),
        healthy("shapes, batch norm",
                training(shapes(500, 0.8),
                         cr.Network(cr.Conv(8, 3), cr.BatchNorm(), cr.Activation("relu"),
                                    cr.MaxPool(2), cr.Flatten(), cr.Dropout(0.3), cr.Dense()),
                         learning_rate=0.01, epochs=120)),
        healthy("the angle of stripes, two targets",
                training(stripes(400, 0.3),
                         cr.Network(cr.Conv(8, 3, activation="tanh"), cr.AveragePool(2),
                                    cr.Flatten(), cr.Dropout(0.2), cr.Dense(16, "relu"),
                                    cr.Dense()),
                         learning_rate=0.003, epochs=40)),
    ]  # fmt: skip


def late() -> list[Subject]:
    """Long after the last gain: what there was to learn was learned."""
    return [
        healthy("long after the last gain, half to be known",
                training(partly_known(1500, 4, 0.5), dense(6, activation="tanh"),
                         learning_rate=0.002, epochs=150, keep="last")),
        healthy("long after the last gain, answers and step decay",
                training(answers(1200, 4, 1.5), dense(6),
                         learning_rate=cr.StepDecay(0.02, every=30), epochs=150, keep="last")),
        healthy("noisy tanh, plateaus lower the rate",
                training(partly_known(700, 5, 0.6), dense(16, activation="tanh"),
                         learning_rate=cr.ReduceOnPlateau(0.01, factor=0.3, patience=8),
                         epochs=100)),
    ]  # fmt: skip
