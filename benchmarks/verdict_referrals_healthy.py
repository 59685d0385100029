"""The healthy referrals: trainings that somebody asks about and that need nothing.

Neither three times the rate, nor a third of it, nor three times the epochs is clearly better: for
none of them p < 0.05, d >= 0.5 and an error lower by more than 15 % over ten seeds.
"""

from __future__ import annotations

from verdict_referrals_healthy_signals import (
    beats,
    cleaned,
    languages,
    marked,
    memory,
    messages,
    shapes,
    shares,
    spoken,
    spots,
    steps_of,
    tides,
    topics,
)
from verdict_referrals_healthy_tables import (
    adder,
    alarms,
    arm,
    calls,
    flipped,
    friction,
    heavy_tails,
    made,
    noisy_exclusive_or,
    parity,
    radiators,
    ranges_of_throws,
    reaction,
    returns,
    spirals_of,
    table,
    unit_patterns,
    unit_patterns_back,
    widening,
)
from verdict_runs import Array, Data, Subject, Training, changed, dense, healthy

import chainrule as cr

BINARY = {"loss": "binary_cross_entropy"}


def squares(X: Array) -> Array:
    """Return rows of 64 numbers as images."""
    return X.reshape(-1, 1, 8, 8)


def subjects() -> list[Subject]:
    """Return all healthy referrals."""
    parts = (tables(), hard_tables(), measured(), by_curvature(), by_all_rows(), small(),
             exact(), pictures(), series(), texts(), deep(), early())  # fmt: skip
    return [one for part in parts for one in part]


def case(name: str, data: Data, network: cr.Network, **settings: object) -> Subject:
    """Return a healthy referral."""
    return healthy(name, Training(data, network, settings))


def tables() -> list[Subject]:
    """Tables of which much is known."""
    return [
        case("vowels, tanh and momentum", table("vowel"), dense(40, activation="tanh"),
             optimizer="momentum", learning_rate=0.05, epochs=80),
        case("tumours, hinge", table("wdbc"), dense(12, activation="elu", outputs=1),
             loss="hinge", learning_rate=0.004, epochs=30),
        case("vehicles, nadam", table("vehicle"), dense(32, activation="silu"),
             optimizer="nadam", learning_rate=0.004, epochs=60),
        case("digits of optdigits, conv, amsgrad", changed(table("optdigits", 2500), X=squares),
             cr.Network(cr.Conv(8, 3, activation="relu"), cr.MaxPool(2), cr.Flatten(), cr.Dense()),
             optimizer="amsgrad", learning_rate=0.006, epochs=25),
        case("chess ends, nesterov, cosine", table("chess", 1600), dense(24),
             optimizer="nesterov", learning_rate=cr.CosineDecay(0.06, epochs=45), l2=5e-4,
             epochs=45),
        case("gene ends, dropout and l2", table("splice", 1500),
             cr.Network(cr.Dropout(0.2), cr.Dense(24, "relu"), cr.Dropout(0.4), cr.Dense()),
             l2=1e-3, learning_rate=0.003, epochs=12),
        case("letters, leaky relu, one cycle", table("letter", 8000),
             dense(90, activation="leaky_relu"), learning_rate=cr.OneCycle(0.02, epochs=30),
             epochs=30),
    ]  # fmt: skip


def hard_tables() -> list[Subject]:
    """Tables of which little can be known, and rare classes."""
    return [
        case("credit, small and decayed", table("german"), dense(6, activation="tanh"),
             optimizer="adamw", weight_decay=0.05, learning_rate=0.004, epochs=15),
        case("incomes in nine classes", table("marketing", 2500), dense(16, activation="gelu"),
             l2=1e-3, learning_rate=0.004, epochs=15),
        case("liver, tanh", table("bupa"), dense(6, activation="tanh"), l2=3e-3,
             learning_rate=0.01, epochs=40),
        case("hearts of saheart, logistic, adagrad", table("saheart"), dense(outputs=1), **BINARY,
             optimizer="adagrad", learning_rate=0.1, epochs=30),
        case("a fifth of the labels wrong",
             flipped(made("moons", n_samples=800, noise=0.15), 0.2),
             dense(16, activation="tanh"), learning_rate=0.02, epochs=40),
        case("a twelfth can be known", returns(2500, 6, 0.08), dense(5, activation="tanh"),
             optimizer="adamw", weight_decay=0.02, learning_rate=0.004, epochs=20),
        case("one alarm in twelve, balanced weights", alarms(1600, 0.08, 1.8),
             dense(6, activation="tanh"), class_weight="balanced", l2=3e-3,
             learning_rate=0.005, epochs=20),
        case("one alarm in twenty, plain to see", alarms(2000, 0.05, 4.0), dense(10), l2=2e-3,
             learning_rate=0.01, epochs=20),
        case("spam of the telephone, weighed", messages(250, 1800),
             cr.Network(cr.DropConnect(12, 0.3, activation="relu"), cr.Dense(1)), **BINARY,
             class_weight="balanced", l2=1e-3, learning_rate=0.003, epochs=8),
    ]  # fmt: skip


def measured() -> list[Subject]:
    """Regressions, with the losses that fit them."""
    return [
        case("throws", ranges_of_throws(800, 1.5), dense(32, 32),
             learning_rate=cr.CosineDecay(0.015, epochs=90), epochs=90),
        case("a reaction, softplus", reaction(700, 0.05), dense(24, activation="softplus"),
             learning_rate=cr.CosineDecay(0.05, epochs=200), epochs=200),
        case("calls, poisson", calls(1200), dense(20, activation="tanh", outputs=1),
             loss="poisson", learning_rate=0.005, epochs=25),
        case("far off, huber", heavy_tails(800, 0.08), dense(24, activation="tanh"),
             loss="huber", learning_rate=0.02, epochs=60),
        case("far off, log cosh", heavy_tails(900, 0.05), dense(20, 20, activation="mish"),
             loss="log_cosh", learning_rate=0.005, epochs=40),
        case("a ninth decile", widening(800), dense(12, activation="tanh", outputs=1),
             loss=cr.loss("quantile", quantile=0.9), learning_rate=0.02, epochs=50),
        case("friedman's third, absolute errors",
             made("friedman3", n_samples=900, noise=0.15), dense(32, activation="gelu"),
             loss="mean_absolute_error", learning_rate=cr.ExponentialDecay(0.01, 0.95), epochs=60),
        case("shares of mixtures", shares(700, 30, 0.08), dense(16, outputs=3),
             loss="kullback_leibler", l2=3e-3, learning_rate=0.015, epochs=30),
        case("a line and no more", made("regression", n_samples=500, n_features=12, noise=60.0),
             dense(), optimizer="gradient_descent", learning_rate=0.02, epochs=30),
    ]  # fmt: skip


def by_curvature() -> list[Subject]:
    """Optimizers that search or solve."""
    return [
        case("friction, levenberg-marquardt", friction(500), dense(10, activation="tanh"),
             optimizer="levenberg_marquardt", epochs=60, target_loss=1e-4),
        case("a curve of 150 rows, bayesian", heavy_tails(150, 0.0),
             dense(8, activation="tanh"), optimizer="bayesian_regularization", epochs=100),
        case("an arm, bfgs", arm(400), dense(12, activation="tanh"), optimizer="bfgs",
             epochs=200, target_loss=1e-3),
        case("radiance, l-bfgs", radiators(400, 0.1), dense(10, activation="tanh"),
             optimizer="lbfgs", epochs=200),
        case("heart, gauss-newton without a hidden layer", table("heart"), dense(outputs=1),
             **BINARY, optimizer="gauss_newton", l2=1e-2, epochs=8),
        case("throws, scaled conjugate gradient", ranges_of_throws(400, 2.0),
             dense(10, activation="tanh"), optimizer="scaled_conjugate_gradient", epochs=150),
        case("quantiles, polak-ribiere",
             made("gaussian_quantiles", n_samples=500, n_features=3, n_classes=3),
             dense(12, activation="tanh"), optimizer="conjugate_gradient_polak_ribiere",
             l2=3e-3, epochs=60),
        case("a reaction, fletcher-reeves", reaction(300, 0.06), dense(6, activation="tanh"),
             optimizer="conjugate_gradient_fletcher_reeves", epochs=120),
        case("passengers, powell-beale", table("titanic", 800), dense(5, activation="tanh"),
             optimizer="conjugate_gradient_powell_beale", l2=1e-3, epochs=40),
        case("x-rays, one-step secant", table("mammographic"), dense(5, activation="sigmoid"),
             optimizer="one_step_secant", l2=1e-3, epochs=60),
    ]  # fmt: skip


def by_all_rows() -> list[Subject]:
    """Optimizers that take all rows at once, or none of their gradient."""
    return [
        case("throws, irprop-", ranges_of_throws(400, 2.0), dense(14, activation="tanh"),
             optimizer="irprop_minus", epochs=400),
        case("monks, rprop+", table("monk-2"), dense(8, activation="tanh"),
             optimizer="rprop_plus", epochs=100, target_loss=0.002),
        case("a reaction, rprop-", reaction(400, 0.06), dense(8, activation="tanh"),
             optimizer="rprop_minus", epochs=500),
        case("x-rays, adaptive rate", table("mammographic"), dense(8, activation="tanh"),
             optimizer="adaptive_rate", l2=1e-3, epochs=150),
        case("diabetes of the pima, bold driver", table("pima"), dense(5, activation="tanh"),
             optimizer="bold_driver", l2=3e-3, epochs=120),
        case("a plane of ten, adadelta", made("hastie_10_2", n_samples=1500), dense(24),
             optimizer="adadelta", epochs=60),
        case("exclusive or of four, evolution", parity(2),
             dense(6, activation="tanh", outputs=1), **BINARY,
             optimizer=cr.EvolutionStrategy(spread=1.0), epochs=200, validation=0.0,
             target_loss=0.02),
    ]  # fmt: skip


def small() -> list[Subject]:
    """Few rows."""
    return [
        case("teachers, a hidden layer of four", table("tae"), dense(4, activation="softsign"),
             l2=5e-3, learning_rate=0.02, epochs=60),
    ]  # fmt: skip


def exact() -> list[Subject]:
    """Small tasks that can be learned to the end, and are."""
    all_rows = {"validation": 0.0}
    return [
        case("exclusive or, tanh, squares", noisy_exclusive_or(200, 0.2),
             dense(4, activation="tanh"), learning_rate=0.03, epochs=100,
             target_loss=0.01),
        case("exclusive or of the four corners, plain descent", parity(2),
             dense(6, activation="tanh"), **all_rows, optimizer="gradient_descent",
             learning_rate=0.5, epochs=800, target_loss=0.01),
        case("an adder of two bits", adder(2), dense(16, activation="tanh"), **all_rows,
             optimizer="irprop_plus", epochs=300, target_loss=0.002),
        case("encoder 12-5-12, labels, conjugate gradient", unit_patterns(12),
             dense(5, activation="tanh"), **all_rows, optimizer="scaled_conjugate_gradient",
             epochs=200, target_loss=0.01),
        case("encoder 8-4-8, sigmoids", unit_patterns_back(8),
             dense(4, activation="sigmoid", last="sigmoid"), **all_rows,
             loss="half_squared_error", learning_rate=0.1, epochs=1000, target_loss=0.02),
        case("three spirals", spirals_of(3, 900, 0.8, 0.4), dense(32, 32, activation="tanh"),
             l2=3e-4, learning_rate=cr.CosineDecay(0.02, epochs=120), epochs=120),
        case("two spirals, relu", spirals_of(2, 900, 0.9, 0.5), dense(40, 40),
             learning_rate=0.005, epochs=80),
    ]  # fmt: skip


def pictures() -> list[Subject]:
    """Images and spectra."""
    return [
        case("shapes, conv with batch norm", shapes(1000, 10, 0.4),
             cr.Network(cr.Conv(8, 3), cr.BatchNorm(), cr.Activation("relu"),
                        cr.MaxPool(2), cr.Flatten(), cr.Dense()),
             optimizer="momentum", l2=1e-2,
             learning_rate=cr.CosineDecay(0.03, epochs=20), epochs=20),
        case("where a spot is", spots(900, 8, 0.2),
             cr.Network(cr.Conv(4, 3, activation="tanh"), cr.Flatten(), cr.Dense(2)),
             l2=3e-3, learning_rate=cr.CosineDecay(0.01, epochs=60), epochs=60),
        case("beats, one-dimensional conv", beats(800, 40, 0.45),
             cr.Network(cr.Conv(8, 7, activation="relu"), cr.GlobalMaxPool(), cr.Dense()),
             learning_rate=0.02, epochs=30),
        case("an autoencoder that cleans", cleaned(600, 24, 0.4), dense(24, 6, 24,
             activation="tanh"), learning_rate=0.007, epochs=90),
        case("spoken digits, dense", spoken(8, 6, 8),
             cr.Network(cr.Flatten(), cr.Dense(24, "relu"), cr.Dense()), l2=2e-3,
             learning_rate=cr.CosineDecay(0.01, epochs=50), epochs=50),
    ]  # fmt: skip


def series() -> list[Subject]:
    """What comes next, and what was marked."""
    return [
        case("a series that forgets", memory(900, 6, 0.5), dense(6, activation="tanh"),
             learning_rate=0.004, epochs=20),
        case("the marked entry, lstm", marked(700, 8),
             cr.Network(cr.LSTM(12), cr.Dense(1)), learning_rate=0.02, epochs=80,
             clip_norm=1.0, target_loss=0.003),
        case("tides, recurrent", steps_of(tides(600, 10, 0.3)),
             cr.Network(cr.Recurrent(10), cr.Dense(1)), learning_rate=0.008, epochs=30,
             clip_norm=1.0),
    ]  # fmt: skip


def texts() -> list[Subject]:
    """Tokens."""
    return [
        case("topics, a mean of embeddings", topics(700, 60, 14, 0.25),
             cr.Network(cr.Embedding(60, 6), cr.GlobalAveragePool(over="time"), cr.Dense()),
             learning_rate=0.02, epochs=9),
        case("two languages, gru", languages(1500, 7, 12, 0.2),
             cr.Network(cr.Embedding(9, 6), cr.GRU(12), cr.Dense()), l2=1e-4,
             learning_rate=cr.CosineDecay(0.02, epochs=12), epochs=12),
    ]  # fmt: skip


def deep() -> list[Subject]:
    """Many layers."""
    return [
        case("six layers of relu", made("classification", n_samples=2000, n_features=12,
                                        n_informative=8, class_sep=1.4),
             dense(*6 * (24,)), l2=3e-3, learning_rate=0.003, epochs=15),
        case("eight layers of selu", spirals_of(2, 900, 0.7, 0.8),
             dense(*8 * (16,), activation="selu"), learning_rate=0.001, epochs=25),
        case("residual blocks with layer norm", ranges_of_throws(1500, 1.5),
             cr.Network(cr.Dense(24, "relu"),
                        cr.Residual(cr.LayerNorm(), cr.Dense(24, "relu"), cr.Dense(24)),
                        cr.Residual(cr.LayerNorm(), cr.Dense(24, "relu"), cr.Dense(24)),
                        cr.Dense(1)),
             learning_rate=cr.CosineDecay(0.015, epochs=80), epochs=80),
        case("five layers of tanh, batch norm", table("banana", 1500),
             cr.Network(*[one for _ in range(4)
                          for one in (cr.Dense(16), cr.BatchNorm(), cr.Activation("tanh"))],
                        cr.Dense()),
             learning_rate=0.008, epochs=50),
    ]  # fmt: skip


def early() -> list[Subject]:
    """Short trainings that are as far as they can be by then, or nearly so."""
    return [
        case("two epochs of many rows", table("twonorm", 6000), dense(16), epochs=2,
             learning_rate=0.005),
        case("three epochs of satellites", table("satimage", 6000), dense(30),
             batch_size=16, optimizer="rmsprop", epochs=3, learning_rate=0.003),
        case("chances in three epochs", alarms(4000, 0.4, 1.0), dense(12, activation="tanh"),
             learning_rate=0.006, epochs=3),
        case("tides in ten epochs", tides(1500, 12, 0.5), dense(12, activation="gelu"),
             learning_rate=0.005, epochs=10),
        case("reduce on plateau, banana", table("banana", 2500), dense(24, 24), epochs=30,
             learning_rate=cr.ReduceOnPlateau(0.02, factor=0.3, patience=4)),
        case("small batches, inverse scaling", made("friedman1", n_samples=1500, noise=2.0),
             dense(16), optimizer="momentum",
             learning_rate=cr.InverseScaling(0.01, scale=4.0), batch_size=8, epochs=20),
    ]  # fmt: skip
