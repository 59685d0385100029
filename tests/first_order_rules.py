"""Optimizers that take steps: their papers transcribed, and in how many steps they solve what."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.optimizers import BUILT_IN, OPTIMIZERS, searches

STEPPING = sorted(name for name in BUILT_IN if not searches(OPTIMIZERS[name]))

# (learning rate, steps) in which a parabola, Rosenbrock's valley and a small network are solved:
# about a tenth more steps than are needed.
SOLVED: dict[str, tuple[tuple[Any, int], ...]] = {
    "gradient_descent": ((0.1, 70), (0.002, 2100), (0.1, 105)),
    "momentum": ((0.02, 75), (0.001, 350), (0.03, 105)),
    "nesterov": ((0.02, 65), (0.001, 390), (0.03, 65)),
    "adam": ((0.05, 110), (0.05, 910), (0.05, 105)),
    "adamw": ((0.05, 125), (0.05, 1130), (0.05, 110)),
    "amsgrad": ((0.05, 115), (0.05, 1080), (0.05, 110)),
    "nadam": ((0.05, 140), (0.05, 1170), (0.05, 70)),
    "rprop_plus": ((1.0, 20), (1.0, 2245), (1.0, 30)),
    "rprop_minus": ((1.0, 20), (1.0, 1935), (1.0, 25)),
    "irprop_plus": ((1.0, 20), (1.0, 805), (1.0, 30)),
    "irprop_minus": ((1.0, 20), (1.0, 855), (1.0, 30)),
    "adagrad": ((0.5, 50), (0.5, 2430), (0.2, 55)),
    # Its steps do not come to rest in a valley, but for a rate that falls.
    "adadelta": ((1.0, 980), (cr.CosineDecay(1.0, 5000), 2610), (1.0, 380)),
    "rmsprop": ((0.01, 350), (0.005, 1765), (0.01, 105)),
    "adaptive_rate": ((0.1, 50), (0.01, 405), (0.1, 70)),
    "bold_driver": ((0.1, 25), (0.01, 1440), (0.1, 40)),
}


# ---- the papers: parameters, gradient, loss, memory, step -> parameters; the rate is 0.1 ----

Paper = Callable[[Any, Any, float, dict[str, Any], int], Any]


def gradient_descent(x: Any, g: Any, loss: float, s: dict[str, Any], t: int) -> Any:
    return x - 0.1 * g


def momentum(x: Any, g: Any, loss: float, s: dict[str, Any], t: int) -> Any:
    s["v"] = 0.9 * s.get("v", 0.0) - 0.1 * g
    return x + s["v"]


def nesterov(x: Any, g: Any, loss: float, s: dict[str, Any], t: int) -> Any:
    """Sutskever and others, 2013: here the place that is looked ahead from is what is stored."""
    theta = x - 0.9 * s.get("v", 0.0)
    s["v"] = 0.9 * s.get("v", 0.0) - 0.1 * g
    return theta + s["v"] + 0.9 * s["v"]


def adam(x: Any, g: Any, loss: float, s: dict[str, Any], t: int) -> Any:
    """Algorithm 1 of Kingma and Ba."""
    s["m"] = 0.9 * s.get("m", 0.0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0.0) + 0.001 * g**2
    return x - 0.1 * (s["m"] / (1 - 0.9**t)) / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-8)


def adamw(x: Any, g: Any, loss: float, s: dict[str, Any], t: int) -> Any:
    """Algorithm 2 of Loshchilov and Hutter, the decay multiplied by the rate."""
    return adam(x, g, loss, s, t) - 0.1 * 0.01 * x


def amsgrad(x: Any, g: Any, loss: float, s: dict[str, Any], t: int) -> Any:
    """Algorithm 2 of Reddi, Kale and Kumar, with Adam's corrections."""
    s["m"] = 0.9 * s.get("m", 0.0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0.0) + 0.001 * g**2
    s["u"] = np.maximum(s.get("u", 0.0), s["v"])
    return x - 0.1 * (s["m"] / (1 - 0.9**t)) / (np.sqrt(s["u"] / (1 - 0.999**t)) + 1e-8)


def nadam(x: Any, g: Any, loss: float, s: dict[str, Any], t: int) -> Any:
    """Algorithm 2 of Dozat, its products of momenta written out."""
    mu = [0.9 * (1 - 0.5 * 0.96 ** (0.004 * i)) for i in range(1, t + 2)]
    s["m"] = 0.9 * s.get("m", 0.0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0.0) + 0.001 * g**2
    g_hat = g / (1 - math.prod(mu[:t]))
    m_hat = s["m"] / (1 - math.prod(mu))
    m_bar = (1 - mu[t - 1]) * g_hat + mu[t] * m_hat
    return x - 0.1 * m_bar / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-8)


def adagrad(x: Any, g: Any, loss: float, s: dict[str, Any], t: int) -> Any:
    s.setdefault("seen", []).append(g)
    return x - 0.1 * g / (np.sqrt(sum(one**2 for one in s["seen"])) + 1e-10)


def adadelta(x: Any, g: Any, loss: float, s: dict[str, Any], t: int) -> Any:
    """Algorithm 1 of Zeiler, times a rate."""
    s["g2"] = 0.95 * s.get("g2", 0.0) + 0.05 * g**2
    step = -np.sqrt(s.get("x2", 0.0) + 1e-6) / np.sqrt(s["g2"] + 1e-6) * g
    s["x2"] = 0.95 * s.get("x2", 0.0) + 0.05 * step**2
    return x + 0.1 * step


def rmsprop(x: Any, g: Any, loss: float, s: dict[str, Any], t: int) -> Any:
    s["r"] = 0.9 * s.get("r", 0.0) + 0.1 * g**2
    return x - 0.1 * g / (np.sqrt(s["r"]) + 1e-8)


def resilient(form: str) -> Paper:
    """The four algorithms of Igel and Huesken, 2003, weight by weight."""

    def update(x: Any, g: Any, loss: float, s: dict[str, Any], t: int) -> Any:
        x, risen = x.copy(), s.get("loss", math.inf) < loss
        size = s.setdefault("size", np.full(len(x), 0.1))
        moved, before = (s.setdefault(name, np.zeros(len(x))) for name in ("moved", "before"))
        for i in range(len(x)):
            if before[i] * g[i] > 0:
                size[i] = min(1.2 * size[i], 50.0)
            elif before[i] * g[i] < 0:
                size[i] = max(0.5 * size[i], 1e-6)
                if form == "rprop_plus" or (form == "irprop_plus" and risen):
                    x[i] -= 0.1 * moved[i]
                if form != "rprop_minus":
                    before[i] = 0.0
                    continue
            moved[i] = -np.sign(g[i]) * size[i]
            x[i] += 0.1 * moved[i]
            before[i] = g[i]
        s["loss"] = loss
        return x

    return update


PAPERS: dict[str, Paper] = {
    "gradient_descent": gradient_descent,
    "momentum": momentum,
    "nesterov": nesterov,
    "adam": adam,
    "adamw": adamw,
    "amsgrad": amsgrad,
    "nadam": nadam,
    "adagrad": adagrad,
    "adadelta": adadelta,
    "rmsprop": rmsprop,
    **{name: resilient(name) for name in STEPPING if "rprop" in name},
}
