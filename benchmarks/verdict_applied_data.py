"""The applied set's faults of rows, of how long is trained, and of how weights are held back."""

from __future__ import annotations

import numpy as np
from verdict_applied_rows import (
    demand,
    in_time,
    motion,
    scaled,
    torques,
    wear,
)
from verdict_applied_science import (
    defects,
    dose,
    expressed,
    kinetics,
    pressure,
    rated,
    returns,
    tone,
)
from verdict_applied_trainings import (
    ACCELERATIONS,
    BOB,
    BORDERS,
    CARS,
    CONCRETE,
    GAS,
    GRID,
    GRID_STEPS,
    INFRARED,
    LETTERS,
    MIX,
    MORSE,
    PATIENTS,
    RAMAN,
    RATES,
    REACTION,
    ROBOT,
    SGD,
    SPEECH,
    SUGAR,
    SURFACES,
    TUMOURS,
    TURBINE,
    UTTERED,
    VESSEL,
    WORDS,
    run,
)
from verdict_runs import (
    Data,
    Rows,
    Subject,
    Ward,
    changed,
    dense,
    first,
    rare,
    shuffled,
    standardised,
    uniform,
)
from verdict_tables import keel, raw_keel

import chainrule as cr


def guessed(data: Data, share: float) -> Data:
    """Return data of whose labels a share was guessed by whoever wrote them down."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        draws = np.floor(len(np.unique(y)) * uniform(seed, "guesses", len(y))).astype(np.int64)
        return X, np.where(uniform(seed, "who guessed", len(y)) < share, np.unique(y)[draws], y)

    return rows


def sorted_by_first(data: Data) -> Data:
    """Return data whose inputs were sorted by their first column, and whose targets were not."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return X[np.argsort(X[:, 0])], y

    return rows


def uninformative_labels() -> list[Subject]:
    ward = Ward("uninformative_labels", treatable=False)
    market = run(returns(900, 0.4), dense(16), 0.003, 30)
    return [
        ward.case("kinetics, targets one row off", REACTION,
                  data=changed(RATES, y=lambda y: np.roll(y, 1))),
        ward.case("concrete, sorted by cement and not its strength", CONCRETE,
                  data=sorted_by_first(MIX)),
        ward.case("defects, the pictures in another order", SURFACES,
                  data=shuffled(SURFACES.data)),
        ward.case("messages, labels of another file", WORDS, data=shuffled(WORDS.data)),
        ward.case("vowels, nine of ten guessed", UTTERED, data=guessed(UTTERED.data, 0.9)),
        ward.case("returns of another day", market, data=shuffled(market.data)),
        ward.case("tumours, numbers of patients joined wrongly", TUMOURS,
                  data=shuffled(TUMOURS.data)),
    ]  # fmt: skip


def unscaled() -> list[Subject]:
    ward = Ward("unscaled")
    grains = changed(defects(420, 0.1), X=lambda x: 255.0 * x)
    stamped = changed(
        scaled(wear(600, 0.05), targets=True),
        X=lambda x: np.concatenate([x, 1.7e9 + 3600.0 * np.arange(len(x))[:, None]], axis=1),
    )
    clocked = changed(stamped, X=standardised)
    pascals = run(GAS, dense(24, 24), 0.01, 60)
    ticks = np.array([650.0, 650.0, 900.0, 900.0, 400.0, 400.0])
    return [
        ward.case("infrared, counts of a converter", INFRARED, data=changed(
            INFRARED.data, X=lambda x: 12000.0 + 3000.0 * x)),
        ward.case("a vessel, targets in pascals", pascals, data=changed(
            pressure(500, 0.03), X=standardised)),
        ward.case("sugar, as it was measured", SUGAR.but(**SGD, learning_rate=0.05),
                  data=raw_keel("pima")),
        ward.case("a turbine, seconds since 1970 beside its sensors", TURBINE.but(clocked),
                  data=stamped),
        ward.case("an arm, in ticks of its encoders",
                  ROBOT.but(network=dense(48, activation="tanh", outputs=2)),
                  data=changed(ROBOT.data, X=lambda x: ticks * x)),
        ward.case("defects, from 0 to 255", SURFACES.but(optimizer="momentum", learning_rate=0.01),
                  data=grains),
        ward.case("load in megawatts, hour by hour", GRID_STEPS,
                  data=in_time(demand(600, 24, 12.0))),
        ward.case("kinetics, in kelvins and joules", REACTION, data=changed(
            kinetics(500, 0.5), y=standardised)),
        ward.case("a dose in micrograms", PATIENTS, data=changed(
            dose(500, 20.0), X=standardised, y=lambda y: 1000.0 * y)),
    ]  # fmt: skip


def imbalance() -> list[Subject]:
    ward = Ward("imbalance", judge="balanced error")
    loans = run(rated(1500, 0.03, 0.7), dense(16), 0.003, 20, class_weight="balanced")
    failing = run(
        rated(1500, 0.02, 1.0), dense(12, activation="tanh"), 0.003, 20, class_weight="balanced"
    )
    beats = run(rare(keel("phoneme", 1500), 1, 40), dense(24), 0.005, 15, class_weight="balanced")
    sugar = run(
        rare(keel("pima"), 1, 24), dense(12, activation="tanh"), 0.005, 20, class_weight="balanced"
    )
    gaits = run(
        rare(motion(700, 0.6), 3, 14), ACCELERATIONS.network, 0.01, 10, class_weight="balanced"
    )
    choice = run(rare(keel("contraceptive"), 1, 45), dense(16), 0.005, 20, class_weight="balanced")
    wards = [
        ("borrowers, one of 33 does not pay", loans),
        ("machines, one of 50 fails", failing),
        ("phonemes, 40 of the second kind", beats),
        ("sugar, 24 who are ill", sugar),
        ("motion, 14 on stairs", gaits),
        ("choices, 45 of the first", choice),
    ]
    return [ward.case(name, one, class_weight=None) for name, one in wards]


def overfitting() -> list[Subject]:
    ward = Ward("overfitting")
    groups = run(guessed(scaled(expressed(200, 100, 15, 0.4)), 0.3), dense(12), 0.003, 20, l2=0.05)
    market = run(returns(400, 0.3), dense(12, activation="tanh"), 0.003, 20, l2=0.005)
    tones = run(
        scaled(tone(80, 1.5, 0.3)),
        dense(5, activation="tanh"),
        None,
        25,
        optimizer="levenberg_marquardt",
    )
    risks = run(rated(300, 0.35, 0.7), dense(64, 64), 0.003, 8)
    sonar = run(first(keel("pima"), 200), dense(16), 0.005, 12)
    arm = run(
        scaled(torques(200, 8.0), targets=True), dense(64, 64, outputs=2), 0.003, 200, patience=10
    )
    letters = run(first(keel("contraceptive"), 700), dense(64), 0.003, 12)
    return [
        ward.case("genes, 100 for 200 patients, some of the wrong group", groups,
                  network=dense(100, 100), l2=0.0, epochs=150, keep="last"),
        ward.case("returns, 150 epochs of a wide network", market, network=dense(100, 100),
                  l2=0.0, epochs=150, keep="last"),
        ward.case("a tone of 80 readings, 40 units by levenberg", tones,
                  network=dense(40, activation="tanh"), epochs=100, keep="last"),
        ward.case("borrowers, 150 epochs", risks, epochs=150, keep="last"),
        ward.case("sugar, 200 patients, 300 epochs", sonar, network=dense(100), epochs=300,
                  keep="last"),
        ward.case("torques, 150 readings that are mostly noise", arm, patience=None, epochs=300,
                  keep="last"),
        ward.case("choices, 200 epochs of a wide network", letters, epochs=200, keep="last"),
    ]  # fmt: skip


def rate_too_low() -> list[Subject]:
    ward = Ward("rate_too_low")
    return [
        ward.case("spoken digits, adam 0.00001", SPEECH, learning_rate=1e-5),
        ward.case("vehicles, gradient descent 0.0005", CARS.but(**SGD, learning_rate=0.1),
                  learning_rate=0.0005),
        ward.case("torques, three epochs", ROBOT, epochs=3),
        ward.case("minerals, a schedule that is gone after three epochs",
                  RAMAN.but(learning_rate=cr.ExponentialDecay(0.003, 0.97)),
                  learning_rate=cr.ExponentialDecay(0.003, 0.2)),
        ward.case("letters, adagrad 0.001", LETTERS.but(optimizer="adagrad", learning_rate=0.05),
                  learning_rate=0.001),
        ward.case("a pendulum, rmsprop 0.0001", BOB.but(optimizer="rmsprop", learning_rate=0.01),
                  learning_rate=0.0001),
        ward.case("borders of genes, adam 0.0001 and five epochs", BORDERS, learning_rate=0.0001,
                  epochs=5),
        ward.case("load hour by hour, momentum 0.0002",
                  GRID_STEPS.but(optimizer="momentum", learning_rate=0.05, clip_norm=1.0),
                  learning_rate=0.0002),
        ward.case("a vessel, all rows in a step of adam", VESSEL, batch_size=None),
    ]  # fmt: skip


def constant_prediction() -> list[Subject]:
    ward = Ward("constant_prediction")
    # Six periods of a tone: gradient descent does not leave the mean, and what it does toward it
    # is so slow that more of the rate, or of epochs, is missing as well.
    stuck = ward.but(also=("rate_too_low",))
    search = {"optimizer": "levenberg_marquardt"}
    curve = run(scaled(tone(300, 6.0, 0.05)), dense(24, activation="tanh"), None, 60, **search)
    hidden = [cr.Dense(32, "relu"), cr.Dropout(0.98), cr.Dense(32, "relu"), cr.Dropout(0.98)]
    drop = cr.Network(*hidden, cr.Dense())
    return [
        ward.case("a dose, l2 of 20", PATIENTS, l2=20.0),
        ward.case("a turbine, l1 of 3", TURBINE, l1=3.0),
        ward.case("sugar, adamw that forgets", SUGAR.but(optimizer="adamw"), weight_decay=50.0),
        ward.case("a bond, l2 of 1 and sigmoids", MORSE, l2=1.0,
                  network=dense(16, activation="sigmoid")),
        ward.case("motion, l1 of 0.5 on kernels", ACCELERATIONS, l1=0.5),
        ward.case("words, l2 of 1", WORDS, l2=1.0),
        ward.case("load, 98 of 100 dropped", GRID.but(network=dense(32, 32)), network=drop),
        stuck.case("a tone of six periods, gradient descent", curve, **SGD, learning_rate=0.01),
    ]  # fmt: skip
