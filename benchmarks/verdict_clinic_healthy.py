"""The clinic's healthy runs: sound trainings that somebody brings along to be on the safe side.

None is beaten clearly by the same training at three times or a third of its rate, or with three
times its epochs: over ten seeds, not with p < 0.05, d >= 0.5 and a gain of over 15 % of its error.
"""

from __future__ import annotations

from typing import Any

from verdict_clinic_healthy_rows import (
    accidents,
    arm,
    arms,
    broken_probe,
    categories,
    chirps,
    curves,
    faint,
    first_named,
    made,
    odds,
    opinions,
    ores,
    parity,
    pendulum,
    power_demand,
    quadrants,
    scaled,
    shapes,
    spectra,
    spreading,
    switches,
    tags,
    tides,
)
from verdict_runs import Data, Subject, Training, dense, first, healthy
from verdict_tables import (
    cancer,
    diabetes,
    digit_images,
    digit_lines,
    digits,
    encoder,
    exclusive_or,
    iris,
    keel,
    numbered,
    wine,
)

import chainrule as cr
from chainrule.arrays import Array, exp, log, mean_over, sqrt


def subjects() -> list[Subject]:
    """Return all healthy runs of the set."""
    return [
        *pictures_of_digits(), *small_tables(), *tables_of_two(), *tables_of_more(), *doubtful(),
        *early_and_late(), *measurements(), *own_losses(), *classes_of_planes(), *exact(),
        *pictures_and_signals(), *series_and_texts(),
    ]  # fmt: skip


def well(name: str, data: Data, network: cr.Network, **settings: Any) -> Subject:
    return healthy(name, Training(data, network, settings))


# ---- tables of others ----


def pictures_of_digits() -> list[Subject]:
    conv = cr.Network(cr.Conv(8, 3), cr.BatchNorm(), cr.Activation("relu"), cr.MaxPool(2),
                      cr.Flatten(), cr.Dense())  # fmt: skip
    dropped = cr.Network(cr.Dense(64, "relu"), cr.Dropout(0.3), cr.Dense())
    return [
        well("digits, two layers of relu", digits, dense(64, 32), learning_rate=0.003, epochs=25),
        well("digits, stopped early", digits, dense(64), learning_rate=0.005, epochs=12),
        well("digits, sigmoid", digits, dense(40, activation="sigmoid"), optimizer="rmsprop",
             learning_rate=0.01, epochs=15),
        well("digits, 500 rows and dropout", first(digits, 500), dropped, optimizer="adamw",
             learning_rate=0.005, epochs=45),
        well("digits, large batches", digits, dense(50, activation="tanh"), optimizer="momentum",
             learning_rate=0.1, batch_size=256, epochs=40),
        well("digits, convolution with batch norm", digit_images, conv, learning_rate=0.01,
             epochs=12),
        well("digits, read line by line", digit_lines, cr.Network(cr.GRU(24), cr.Dense()),
             learning_rate=0.01, epochs=12),
        well("optdigits, shallow", keel("optdigits", 1500), dense(activation="relu"),
             learning_rate=0.02, epochs=12, l2=0.001),
    ]  # fmt: skip


def small_tables() -> list[Subject]:
    return [
        well("cancer, scaled conjugate gradient", cancer, dense(10, activation="tanh"),
             optimizer="scaled_conjugate_gradient", epochs=30, l2=0.01),
        well("cancer, two layers of gelu", cancer, dense(16, 16, activation="gelu"),
             optimizer="nadam", learning_rate=0.004, epochs=20),
        well("cancer, logistic", cancer, dense(outputs=1), loss="binary_cross_entropy",
             optimizer="lbfgs", epochs=30, l2=0.003),
        well("wine, rprop", wine, dense(8, activation="tanh"), optimizer="irprop_plus",
             epochs=25, l2=0.01),
        well("heart, a hundred rows", first(keel("heart"), 100), dense(10), learning_rate=0.01,
             epochs=60, l2=0.05),
        well("iris, softmax by Gauss and Newton", iris, dense(), optimizer="gauss_newton",
             epochs=15, l2=0.0003),
        well("iris, evolution", iris, dense(3, activation="tanh"),
             optimizer="evolution_strategy", epochs=80, l2=0.003),
        well("diabetes, stopped early", diabetes, dense(32), learning_rate=0.003, epochs=10),
        well("diabetes, Bayesian", diabetes, dense(5, activation="tanh"),
             optimizer="bayesian_regularization", epochs=30),
        well("diabetes, a plane by gradient descent", diabetes, dense(),
             optimizer="gradient_descent", epochs=40),
        well("diabetes, upper quantile", diabetes, dense(12, activation="elu"),
             loss=cr.loss("quantile", quantile=0.8), learning_rate=0.003, epochs=25, l2=0.01),
    ]  # fmt: skip


def tables_of_two() -> list[Subject]:
    dropped = cr.Network(cr.Dense(24, "relu"), cr.Dropout(0.2), cr.Dense())
    return [
        well("ionosphere, dropout", keel("ionosphere"), dropped, optimizer="amsgrad",
             learning_rate=0.005, epochs=40),
        well("sonar, one step secant", keel("sonar"), dense(12, activation="tanh"),
             optimizer="one_step_secant", epochs=40, l2=0.03),
        well("australian, adaptive rate", keel("australian"), dense(8, activation="sigmoid"),
             optimizer="adaptive_rate", learning_rate=0.5, epochs=60, l2=0.003),
        well("phoneme, batches of 128", keel("phoneme", 1500), dense(32, 32),
             learning_rate=0.01, batch_size=128, epochs=50, l2=0.0003),
        well("banana, two layers of tanh", keel("banana", 900), dense(20, 20, activation="tanh"),
             optimizer="nesterov", learning_rate=0.03, epochs=60),
        well("mammography, bold driver", keel("mammographic"), dense(10, activation="selu"),
             optimizer="bold_driver", learning_rate=0.1, epochs=60),
        well("monks, Polak and Ribiere", keel("monk-2"), dense(8, activation="tanh"),
             optimizer="conjugate_gradient_polak_ribiere", epochs=60, target_loss=0.005),
        well("tic-tac-toe, cosine", categories("tic-tac-toe"), dense(40), optimizer="momentum",
             learning_rate=cr.CosineDecay(0.1, epochs=50), epochs=50),
        well("splice, sparse weights", categories("splice", 800), dense(24), learning_rate=0.003,
             epochs=20, l1=0.001),
        well("votes, adadelta", categories("housevotes"), dense(12), optimizer="adadelta",
             epochs=50, l2=0.01),
        well("heart, one cycle", keel("heart"), dense(10, activation="tanh"),
             optimizer="nesterov", learning_rate=cr.OneCycle(0.05, epochs=30), epochs=30, l2=0.01),
    ]  # fmt: skip


def tables_of_more() -> list[Subject]:
    deep = cr.Network(*(cr.Dense(48, "relu") for _ in range(3)), cr.LayerNorm(), cr.Dense())
    return [
        well("vowels, swish", keel("vowel"), dense(40, activation="silu"), optimizer="nesterov",
             learning_rate=0.1, epochs=100),
        well("vehicles, two layers of elu", keel("vehicle"), dense(30, 30, activation="elu"),
             learning_rate=0.005, epochs=40, l2=0.001,
             validation=0.4),
        well("letters, three layers and a norm", keel("letter", 2500), deep, epochs=30,
             learning_rate=cr.CosineDecay(0.006, epochs=30), l2=0.006, validation=0.15),
        well("lamps, noisy by design", keel("led7digit"), dense(20), optimizer="adamw",
             learning_rate=0.01, epochs=30),
        well("signs of Libras, softsign", keel("movement_libras"),
             dense(40, activation="softsign"), learning_rate=0.01, epochs=100, l2=0.001),
        well("splice, three classes by adagrad", categories("splice", 1000),
             dense(30, activation="tanh"), optimizer="adagrad", learning_rate=0.03, epochs=12,
             l2=0.003),
    ]  # fmt: skip


def doubtful() -> list[Subject]:
    """Return trainings on what can be known in part only, and which come as far as it goes."""
    one = {"loss": "binary_cross_entropy"}
    return [
        well("titanic, adagrad", keel("titanic"), dense(8), optimizer="adagrad",
             learning_rate=0.05, epochs=30),
        well("contraception, rmsprop", keel("contraceptive", 1400), dense(16, activation="gelu"),
             optimizer="rmsprop", learning_rate=0.003, epochs=60, patience=8),
        well("liver, Fletcher and Reeves", keel("bupa"), dense(6, activation="tanh"),
             optimizer="conjugate_gradient_fletcher_reeves", epochs=30, l2=0.01),
        well("pima, hinge", keel("pima"), dense(8, outputs=1), loss="hinge",
             learning_rate=0.003, epochs=40),
        well("odds of a coin that is a little bent", odds(800, 6, 0.35), dense(8, outputs=1),
             **one, learning_rate=0.003, epochs=15, l2=0.003),
        well("one in nine, and weighted", odds(1200, 5, 1.2, 3.3), dense(12), learning_rate=0.005,
             epochs=20, class_weight="balanced", l2=0.003),
        well("a number that is mostly noise", faint(900, 5, 0.35), dense(10, activation="tanh"),
             learning_rate=0.003, epochs=20, l2=0.003),
        well("Hastie's ten columns, large batches", made("hastie_10_2", n_samples=2000),
             dense(32, 32), learning_rate=0.01, batch_size=200, epochs=80, l2=0.01),
    ]  # fmt: skip


def early_and_late() -> list[Subject]:
    """Return trainings that were stopped before the end of the gain, and long after it."""
    slowing = cr.InverseScaling(0.02, scale=20)
    return [
        well("mammography, after five epochs", keel("mammographic"), dense(16),
             learning_rate=0.003, epochs=5),
        well("demand, after twelve epochs", power_demand(800, 0.7), dense(24),
             learning_rate=0.005, epochs=12),
        well("demand, long after", power_demand(500, 0.3), dense(8, activation="tanh"),
             learning_rate=slowing, epochs=300, l2=0.0005),
        well("demand, nothing held out", power_demand(500, 0.3), dense(10, activation="tanh"),
             learning_rate=cr.WarmRestarts(0.03, epochs=10), epochs=70, validation=0.0, l2=0.0003),
        well("titanic, long after", keel("titanic"), dense(6, activation="tanh"),
             learning_rate=0.01, epochs=150),
        well("wisconsin, all rows in a step", keel("wisconsin"), dense(12, activation="tanh"),
             learning_rate=0.05, batch_size=None, epochs=60, l2=0.003),
    ]  # fmt: skip


# ---- numbers ----


def measurements() -> list[Subject]:
    return [
        well("pendulum, Levenberg and Marquardt", pendulum(300, 0.05),
             dense(6, activation="tanh"), optimizer="levenberg_marquardt", epochs=40),
        well("arm of two joints", arm(400, 0.1), dense(12, activation="tanh"), optimizer="lbfgs",
             epochs=120),
        well("demand for power", power_demand(900, 0.15), dense(32, 32),
             loss="log_cosh",
             learning_rate=cr.StepDecay(0.01, every=15), epochs=50, keep="last"),
        well("spread, median by absolute errors", spreading(600), dense(16, activation="softplus"),
             loss="mean_absolute_error", learning_rate=0.01, epochs=40),
        well("spread, lower tenth", spreading(800), dense(16, activation="tanh"),
             loss=cr.loss("quantile", quantile=0.1), learning_rate=0.01, epochs=40),
        well("accidents, counted", accidents(700), dense(16), loss="poisson",
             learning_rate=0.005, epochs=25),
        well("a broken probe, huber", broken_probe(600, 0.06), dense(24, activation="tanh"),
             loss="huber", learning_rate=cr.ReduceOnPlateau(0.01, factor=0.3, patience=6),
             epochs=60),
        well("shares of minerals", ores(800), dense(24, activation="gelu"),
             loss="kullback_leibler", learning_rate=cr.ExponentialDecay(0.02), epochs=40),
        well("Friedman's third, 80 rows and a penalty",
             scaled(made("friedman3", n_samples=80, noise=0.15)), dense(16, activation="tanh"),
             learning_rate=0.05, epochs=150, l2=0.02),
        well("Swiss roll, quasi-Newton", scaled(made("swiss_roll", n_samples=400, noise=1.5)),
             dense(10, activation="tanh"), optimizer="bfgs", epochs=250, l2=0.001),
        well("an autoencoder of curves", curves(600, 20, 0.3),
             dense(12, 3, 12, activation="tanh"), learning_rate=0.005, epochs=80),
    ]  # fmt: skip


def dearer_below(prediction: Array, target: Array) -> Array:
    """Say what a guess costs, three times as much where it is too low, smooth at 0."""
    miss = target - prediction
    return mean_over(sqrt(miss * miss + 0.01) + 0.5 * miss, axis=1)


def linear_exponential(prediction: Array, target: Array) -> Array:
    """Return Varian's loss: exponential to one side, nearly linear to the other."""
    miss = prediction - target
    return mean_over(exp(0.7 * miss) - 0.7 * miss - 1.0, axis=1)


def any_of_them(prediction: Array, target: Array) -> Array:
    """Return the logarithmic loss of each column by itself, from probabilities."""
    right = target * log(prediction + 1e-6) + (1.0 - target) * log(1.0 - prediction + 1e-6)
    return mean_over(-right, axis=1)


def own_losses() -> list[Subject]:
    return [
        well("five tags at once", tags(900), dense(32, last="sigmoid"), loss=any_of_them,
             learning_rate=0.01, epochs=30),
        well("demand, too little is dearer", power_demand(700, 0.2), dense(24),
             loss=dearer_below, learning_rate=0.01, epochs=40),
        well("pendulum, linear and exponential loss", pendulum(500, 0.25),
             dense(16, activation="elu"), loss=linear_exponential, learning_rate=0.02, epochs=80),
    ]  # fmt: skip


# ---- classes of generated rows ----


def classes_of_planes() -> list[Subject]:
    quantiles = made("gaussian_quantiles", n_samples=600, n_features=4, n_classes=3)
    return [
        well("two spirals", arms(800, 2, 0.8, 0.8), dense(32, 32, activation="tanh"),
             learning_rate=0.02, epochs=100, l2=0.0005),
        well("a spiral of three arms, four layers", arms(900, 3, 0.8, 0.5),
             dense(32, 32, 32, 32), learning_rate=cr.CosineDecay(0.01, epochs=40), epochs=40),
        well("signs that differ", quadrants(500, 0.2), dense(10, activation="tanh"),
             optimizer="rprop_minus", epochs=80),
        well("shells of equal shares", quantiles, dense(16, activation="tanh"),
             optimizer="conjugate_gradient_powell_beale", epochs=100, l2=0.003),
        well("moons, small batches", made("moons", n_samples=300, noise=0.25), dense(16),
             optimizer="gradient_descent", learning_rate=0.05, batch_size=4, epochs=50),
        well("eight residual layers", made("circles", n_samples=800, noise=0.12, factor=0.55),
             residual(), learning_rate=0.0015, epochs=24, weight_decay=0.01),
    ]  # fmt: skip


def residual() -> cr.Network:
    blocks = (cr.Residual(cr.Dense(16, "silu"), cr.Dense(16)) for _ in range(4))
    return cr.Network(cr.Dense(16), *blocks, cr.LayerNorm(), cr.Dense())


def exact() -> list[Subject]:
    """Return trainings on all the patterns there are, which end where a goal is met."""
    all_rows = {"validation": 0.0}
    return [
        well("exclusive or", exclusive_or, dense(6, activation="tanh", outputs=1), **all_rows,
             loss="binary_cross_entropy", optimizer="bfgs", epochs=100, target_loss=0.001),
        well("parity of three bits", parity(3), dense(10, activation="tanh"), **all_rows,
             optimizer="irprop_minus", epochs=200, target_loss=0.005),
        well("encoder of eight", encoder(8), dense(3, activation="tanh", last="sigmoid"),
             **all_rows, optimizer="rprop_plus", epochs=300, target_loss=0.005),
        well("sixteen by four, told apart", numbered(16), dense(4, activation="tanh"), **all_rows,
             learning_rate=0.05, epochs=300, target_loss=0.02),
    ]  # fmt: skip


# ---- pictures, signals, series, texts ----


def pictures_and_signals() -> list[Subject]:
    small = cr.Network(cr.Conv(8, 5, activation="relu"), cr.GlobalMaxPool(), cr.Dense())
    lines = cr.Network(cr.Conv(6, 5, activation="tanh"), cr.AveragePool(4), cr.Flatten(),
                       cr.Dense(12, "tanh"), cr.Dense())  # fmt: skip
    pitch = cr.Network(cr.Conv(12, 7, stride=2, activation="relu"), cr.MaxPool(2), cr.Flatten(),
                       cr.Dense(16, "relu"), cr.Dense())  # fmt: skip
    return [
        well("frames, crosses and bars", shapes(900, 9, 0.7), small, learning_rate=0.03,
             epochs=50, l2=0.01),
        well("spectra of three lines", spectra(500, 40, 0.15), lines, learning_rate=0.005,
             epochs=25),
        well("chirps", chirps(1200, 48, 1.2), pitch, learning_rate=0.005, epochs=25, l2=0.006),
    ]  # fmt: skip


def series_and_texts() -> list[Subject]:
    order = cr.Network(cr.Embedding(12, 6), cr.LSTM(12), cr.Dense())
    mood = cr.Network(cr.Embedding(80, 6), cr.GlobalAveragePool(over="time"), cr.Dense())
    looking = cr.Network(
        cr.Embedding(40, 8),
        cr.Attention(heads=2),
        cr.GlobalAveragePool(over="time"),
        cr.Dense(8, "relu"),
        cr.Dense(),
    )
    return [
        well("tides", tides(500, 16, 0.25), cr.Network(cr.LSTM(10), cr.Dense(1)),
             learning_rate=0.01, epochs=40),
        well("tides, a simple recurrence", tides(400, 10, 0.2),
             cr.Network(cr.Recurrent(10), cr.Dense(1)), learning_rate=0.01, epochs=30,
             loss="half_squared_error", clip_norm=1.0),
        well("what was named first", first_named(700, 8, 12), order, learning_rate=0.02,
             epochs=12),
        well("opinions", opinions(800, 20, 80), mood, learning_rate=0.02, epochs=20, l2=0.0005),
        well("opinions, with attention", opinions(600, 12, 40), looking, learning_rate=0.005,
             epochs=15, l2=0.001),
        well("a switch at every time", switches(300, 16),
             cr.Network(cr.GRU(8, every_step=True), cr.Dense()), learning_rate=0.02, epochs=20),
    ]  # fmt: skip
