"""Faults that are put into a sound training, one at a time, of a severity drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from verdict_bases import Base, Built, Dice
from verdict_development import exponential, logarithm, ratio, root_of_the_mean
from verdict_runs import (
    AILMENTS,
    HEALTHY,
    Array,
    Data,
    Rows,
    Training,
    changed,
    of_deviation,
    rare,
    shuffled,
)  # fmt: skip
from verdict_tables import moons, two_heaps

import chainrule.randomness as randomness

Judging = Literal["error", "balanced error", "wrong rows"]
HEALTHY_SHARE = 0.3


@dataclass(frozen=True)
class Injected:
    """A training with a fault, and the same without it.

    ``also`` are other names that are true of the fault itself. ``curable``: whether a verdict by
    another name can be judged by what its remedy makes of the run; where rows that judge have wrong
    labels it cannot.
    """

    expected: str
    fault: str
    base: Base
    training: Training
    twin: Training
    also: tuple[str, ...] = ()
    judge: Judging = "error"
    curable: bool = True

    @property
    def words(self) -> str:
        """All of it in a line; what is equal here is the same case."""
        return f"{self.expected}: {self.fault}; {self.base.words}"

    @property
    def accepted(self) -> tuple[str, ...]:
        """The names that are right."""
        return (self.expected, *self.also)


Injection = Callable[[Dice, Base], "Injected | None"]


def _injected(expected: str, fault: str, base: Base, *also: str, **spoiled: Any) -> Injected:
    sound = base.training
    return Injected(expected, fault, base, sound.but(**spoiled), sound, tuple(also))


def _built(expected: str, fault: str, base: Base, *also: str, **other: Any) -> Injected:
    spoiled = replace(base.built, **other).network()
    return _injected(expected, fault, base, *also, network=spoiled)


def _plain(base: Base) -> Base:
    """Return the base with nothing between its layers, where the fault is to stand."""
    return replace(base, built=replace(base.built, between=""))


# ---- rates and lengths ----


def rate_too_high(dice: Dice, base: Base) -> Injected | None:
    if not base.has_rate:
        return None
    factor = dice.size("factor", 3.0, 1000.0)
    rate = float(f"{base.settings['learning_rate'] * factor:.3g}")
    return _injected("rate_too_high", f"rate times {factor:g}", base, learning_rate=rate)


def rate_too_low(dice: Dice, base: Base) -> Injected | None:
    kind = dice.weighed("slow", {"rate": 0.6, "epochs": 0.3, "clipped": 0.1})
    if kind == "epochs" or not base.has_rate:
        epochs = dice.count("few epochs", 1, max(1, base.settings["epochs"] // 10))
        return _injected("rate_too_low", f"{epochs} epochs", base, epochs=epochs)
    if kind == "clipped":
        norm = dice.size("norm", 1e-7, 1e-4)
        plain = base.settings["optimizer"] in ("gradient_descent", "momentum", "nesterov")
        if plain:
            return _injected("rate_too_low", f"clip_norm {norm:g}", base, clip_norm=norm)
    factor = dice.size("divisor", 10.0, 5000.0)
    rate = float(f"{base.settings['learning_rate'] / factor:.3g}")
    return _injected("rate_too_low", f"rate divided by {factor:g}", base, learning_rate=rate)


# ---- rows ----


def _inputs(base: Base, change: Callable[[Array], Array]) -> Data:
    return changed(base.table.data, X=change)


def unscaled(dice: Dice, base: Base) -> Injected | None:
    numbers = base.table.kind == "numbers" and not base.table.name.endswith("itself")
    kinds = {"units": 0.25, "far off": 0.25, "one column": 0.2, "tiny": 0.1}
    if numbers:
        kinds |= {"targets large": 0.25, "targets far off": 0.2}
    kind, data = dice.weighed("unscaled", kinds), base.table.data
    if kind == "units":
        powers = randomness.normal(dice.seed, "powers", base.table.columns, dice.case)
        scale = 10.0 ** (dice.number("spread", 0.7, 2.0) * powers)
        data, words = _inputs(base, lambda x: x * scale), "columns of different units"
    elif kind == "far off":
        far = dice.size("far", 20.0, 2000.0)
        data, words = _inputs(base, lambda x: x + far), f"{far:g} added to inputs"
    elif kind == "one column":
        place = dice.count("which", 1, base.table.columns) - 1
        factor = dice.size("large", 100.0, 1e5)

        def one_large(x: Array) -> Array:
            return np.where(np.arange(x.shape[1]) == place, factor * x, x)

        data, words = _inputs(base, one_large), f"column {place} times {factor:g}"
    elif kind == "tiny":
        small = dice.size("small", 1e-4, 1e-2)
        data, words = _inputs(base, lambda x: x * small), f"inputs times {small:g}"
    elif kind == "targets large":
        factor = dice.size("large targets", 50.0, 1e4)
        data, words = changed(data, y=lambda y: y * factor), f"targets times {factor:g}"
    else:
        far = dice.size("far targets", 10.0, 2000.0)
        data, words = changed(data, y=lambda y: y + far), f"{far:g} added to targets"
    return _injected("unscaled", words, base, data=data)


def uninformative_labels(dice: Dice, base: Base) -> Injected | None:
    if base.table.name.endswith("itself"):
        return None
    data = base.table.data
    kind = dice.weighed("labels", {"shuffled": 0.5, "moved": 0.2, "noise": 0.3})
    also: tuple[str, ...] = ()
    if kind == "shuffled":
        data, words = shuffled(data), "labels shuffled"
    elif kind == "moved":
        # Rows of a table may stand in an order of their labels, which a move would keep.
        rows = dice.count("moved by", 1, 40)
        data, words = _moved(data, rows), f"labels moved by {rows}"
    else:
        share = dice.number("share", 0.2, 0.5)
        data, words = _noisy(data, share), f"{share:.0%} of the labels at random"
        also = ("overfitting",)
    made = _injected("uninformative_labels", words, base, *also, data=data)
    return replace(made, curable=False)


def _moved(data: Data, count: int) -> Data:
    def rows(seed: int) -> Rows:
        X, y = data(seed)
        order = randomness.permutation(seed, "before labels move", len(y))
        return X[order], np.roll(y[order], count, axis=0)

    return rows


def _noisy(data: Data, share: float) -> Data:
    def rows(seed: int) -> Rows:
        X, y = data(seed)
        order = randomness.permutation(seed, "rows of noise", len(y))[: round(share * len(y))]
        mixed = randomness.permutation(seed, "noise of labels", len(order))
        y = y.copy()
        y[order] = y[order[mixed]]
        return X, y

    return rows


def imbalance(dice: Dice, base: Base) -> Injected | None:
    share = dice.size("rare", 0.01, 0.05)
    count = dice.count("rows of a rare class", 800, 3500)
    source = dice.weighed("imbalance", {"moons": 0.3, "heaps": 0.4, "table": 0.3})
    if source == "moons":
        noise = dice.number("noise of moons", 0.3, 0.8)
        data = rare(moons(count, noise), 1, max(12, round(share * count)))
    elif source == "heaps" or base.table.kind != "two classes" or base.table.rows < 400:
        source = "heaps"
        data = two_heaps(count, dice.number("apart for rare", 1.0, 2.5), 4, share)
    else:
        data = rare(base.table.data, 1, max(12, round(share * base.table.rows)))
    words = f"a class of {share:.1%}, {source}"
    twin = base.training.but(data=data, class_weight="balanced")
    spoiled = twin.but(class_weight=None)
    return Injected("imbalance", words, base, spoiled, twin, judge="balanced error")


def overfitting(dice: Dice, base: Base) -> Injected | None:
    rows, width = dice.count("few rows", 50, 250), dice.count("wide", 64, 256)
    epochs = min(600, dice.count("long", 8000, 30000) // rows)
    X, _ = base.table.data(0)
    if len(X) < 120 or not base.has_rate or base.settings["validation"] == 0.0:
        return None

    def fewer(seed: int) -> Rows:
        inputs, targets = base.table.data(seed)
        chosen = randomness.permutation(seed, "few rows", len(targets))[:rows]
        return inputs[chosen], targets[chosen]

    layers = dice.among("layers of a wide one", (1, 2))
    network = Built((width,) * layers, "relu").network()
    twin = base.training.but(data=fewer, network=network, epochs=epochs, batch_size=16)
    words = f"{rows} rows, {layers} layers of {width}, {epochs} epochs"
    return Injected("overfitting", words, base, twin.but(keep="last"), twin)


# ---- networks ----


def bad_start(dice: Dice, base: Base) -> Injected | None:
    kind = dice.weighed("start", {"constant": 0.4, "large": 0.35, "small": 0.25})
    if kind == "constant":
        value = dice.among("constant", ("zeros", "constant 0.01", "constant 0.1", "constant 1"))
        return _built("bad_start", f"all weights {value}", base, weights=value)
    low, high = (2.0, 30.0) if kind == "large" else (1e-5, 1e-2)
    deviation = dice.size("deviation", low, high)
    words = f"weights of deviation {deviation:g}"
    return _built("bad_start", words, base, weights=of_deviation(deviation))


def dead_units(dice: Dice, base: Base) -> Injected | None:
    if dice.number("thin") < 0.35:
        width, depth = dice.count("thin width", 2, 4), dice.count("thin depth", 7, 16)
        networks = [Built((width,) * depth, one).network() for one in ("relu", "elu")]
        twin = base.training.but(network=networks[1])
        words = f"{depth} layers of {width} relus"
        return Injected("dead_units", words, base, twin.but(network=networks[0]), twin)
    plain = _plain(base)
    relus = replace(plain, built=replace(plain.built, activation="relu"))
    bias = f"constant -{dice.size('bias', 2.0, 30.0):g}"
    return _built("dead_units", f"biases at {bias}", relus, "bad_start", bias=bias)


def saturation(dice: Dice, base: Base) -> Injected | None:
    kind = dice.weighed("squashing", {"sigmoid": 0.75, "hard_sigmoid": 0.25})
    depth, width = dice.count("deep", 4, 10), dice.count("deep width", 6, 40)
    networks = [Built((width,) * depth, one).network() for one in (kind, "tanh")]
    twin = base.training.but(network=networks[1])
    words = f"{depth} layers of {width} of {kind}"
    return Injected("saturation", words, base, twin.but(network=networks[0]), twin)


def mismatched_output(dice: Dice, base: Base) -> Injected | None:
    kind = dice.weighed("mismatch", {"end": 0.6, "within": 0.15, "labels as numbers": 0.25})
    if kind == "within":
        also = ("saturation",)
        return _built("mismatched_output", "softmax within", _plain(base), *also, between="softmax")
    if kind == "labels as numbers" and base.table.kind == "classes":
        data = changed(base.table.data, y=lambda y: y.astype(np.float64))
        made = _injected("mismatched_output", "labels given as numbers", base, data=data)
        return replace(made, judge="wrong rows")
    ends = ("relu", "sigmoid", "tanh")
    if base.table.kind == "numbers":
        ends = (*ends, "softplus", "softmax")
    last = dice.among("end", ends)
    return _built("mismatched_output", f"{last} at the end", base, last=last)


def constant_prediction(dice: Dice, base: Base) -> Injected | None:
    kind = dice.weighed("held", {"l2": 0.35, "l1": 0.25, "decay": 0.15, "dropout": 0.25})
    if kind == "dropout" and base.has_rate:
        rate = dice.number("dropping", 0.85, 0.98)
        words, plain = f"dropout {rate:.2f}", _plain(base)
        return _built("constant_prediction", words, plain, between="dropout", rate=rate)
    if kind == "decay":
        if base.settings["optimizer"] != "adamw":
            return None
        decay = dice.size("decay", 5.0, 100.0)
        return _injected("constant_prediction", f"decay {decay:g}", base, weight_decay=decay)
    kind = "l1" if kind == "l1" else "l2"
    strength = dice.size(kind, 0.05, 10.0)
    return _injected("constant_prediction", f"{kind} {strength:g}", base, **{kind: strength})


LOSSES = {
    "logarithm": logarithm,
    "division": ratio,
    "root": root_of_the_mean,
    "exponential": exponential,
}


def not_finite(dice: Dice, base: Base) -> Injected | None:
    if base.table.kind != "numbers" or "levenberg" in base.settings["optimizer"]:
        return None
    name = dice.among("loss", list(LOSSES))
    return _injected("not_finite", f"a loss with a {name}", base, loss=LOSSES[name])


INJECTIONS: dict[str, Injection] = {
    one.__name__: one
    for one in (
        uninformative_labels, unscaled, mismatched_output, bad_start, rate_too_high, not_finite,
        dead_units, saturation, imbalance, overfitting, rate_too_low, constant_prediction,
    )
}  # fmt: skip
assert tuple(INJECTIONS) == AILMENTS


def injected(dice: Dice, base: Base) -> Injected:
    """Return the base with a fault drawn for it, or as it is: so it is for three of ten."""
    sound = Injected(HEALTHY, "nothing", base, base.training, base.training)
    if dice.number("healthy") < HEALTHY_SHARE:
        return sound
    for attempt in range(8):
        name = dice.among(f"ailment {attempt}", AILMENTS)
        made = INJECTIONS[name](dice, base)
        if made is not None:
            return made
    return sound
