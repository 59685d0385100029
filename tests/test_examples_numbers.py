"""The numbers that the worked examples print, worked out again: in plain Python and NumPy.

What is read here is the kept output, which test_examples.py holds against the scripts.
"""

from __future__ import annotations

import math
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent


def kept(start: str) -> str:
    """Return the kept output of the example whose name begins with ``start``."""
    (found,) = (ROOT / "tests" / "examples_output").glob(f"{start}_*.txt")
    return found.read_text("utf-8")


def number(start: str, line: str) -> float:
    """Return the last number of the one line of an example's output that begins with ``line``."""
    (found,) = [one for one in kept(start).splitlines() if one.startswith(line)]
    return float(re.findall(r"-?\d+(?:\.\d+)?", found)[-1])


def rows(start: str, columns: int) -> NDArray[np.float64]:
    """Return the lines of an example's output that are nothing but so many numbers."""
    lines = [line.split() for line in kept(start).splitlines()]
    plain = [one for one in lines if all(re.fullmatch(r"-?[\d.]+", word) for word in one)]
    return np.array([one for one in plain if len(one) == columns], dtype=np.float64)


def slopes_of(
    cost: Callable[[NDArray[np.float64]], float], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the partial derivatives of a cost by central differences."""
    unit = np.eye(len(at)) * 1e-5
    return np.array([(cost(at + one) - cost(at - one)) / 2e-5 for one in unit])


def walk(slope: Callable[[float], float], start: float, rate: float, steps: int) -> list[float]:
    """Return the places of a gradient descent in plain Python."""
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - rate * slope(path[-1]))
    return path


def test_01_ends_at_the_minimum() -> None:
    def f(x: float) -> float:
        return x**3 - 4 * x**2 + 6

    exact = walk(lambda x: 3 * x**2 - 8 * x, 0.5, 0.05, 100)
    measured = walk(lambda x: (f(x + 0.01) - f(x - 0.01)) / 0.02, 0.5, 0.05, 100)
    assert exact[-1] == pytest.approx(8 / 3, abs=1e-12)
    assert f"x = {exact[-1]:.6f}, f(x) = {f(exact[-1]):.6f}" in kept("01")
    assert f"x = {measured[-1]:.6f}, f(x) = {f(measured[-1]):.6f}" in kept("01")
    assert "both are 2.67" in kept("01")
    assert number("01", "both are") == pytest.approx(exact[-1] - measured[-1], abs=1e-7)
    table = rows("01", 7)
    assert len(table) == 9
    for step, *numbers in table:
        for path, (x, value, slope) in ((exact, numbers[:3]), (measured, numbers[3:])):
            here = path[int(step)]
            assert (x, value) == pytest.approx((here, f(here)), abs=6e-5)
            assert slope == pytest.approx(3 * here**2 - 8 * here, abs=2e-4)


def test_02_goes_from_08_to_a_third() -> None:
    assert number("02", "output") == 1.2
    assert number("02", "cost") == pytest.approx((1.2 - 0.5) ** 2)
    assert number("02", "slope") == 2.1
    assert number("02", "new weight") == 0.59
    path = walk(lambda w: 2 * (1.5 * w - 0.5) * 1.5, 0.8, 0.1, 30)
    assert path[1:3] == pytest.approx([0.59, 0.4745])
    assert path[-1] == pytest.approx(1 / 3, abs=1e-7)
    table = rows("02", 3)
    assert table[:, 1] == pytest.approx([path[int(step)] for step in table[:, 0]], abs=1e-6)
    costs = [(1.5 * path[int(step)] - 0.5) ** 2 for step in table[:, 0]]
    assert table[:, 2] == pytest.approx(costs, abs=1e-6)


def test_03_activates_one_weighted_sum() -> None:
    z = 0.5 * 2 - 1 * 3 + 0.4 * 1 + 0.1
    assert number("03", "  = ") == pytest.approx(z)
    share = 1 / (1 + math.exp(-z))
    due = {
        "identity": (z, 1.0),
        "sigmoid": (share, share * (1 - share)),
        "tanh": (math.tanh(z), 1 - math.tanh(z) ** 2),
        "relu": (0.0, 0.0),
        "leaky_relu": (0.01 * z, 0.01),
        "softplus": (math.log(1 + math.exp(z)), share),
        "silu": (z * share, share + z * share * (1 - share)),
    }
    lines = {words[0]: words[1:] for words in map(str.split, kept("03").splitlines()[3:])}
    assert lines.pop("step") == ["0.0000", "none"]
    assert lines.keys() == due.keys()
    for name, words in lines.items():
        assert [float(word) for word in words] == pytest.approx(due[name], abs=6e-5), name


def test_04_makes_twelve_updates() -> None:
    x, t = np.array([1.0, 2.0]), np.array([1.0, 2.0])

    def cost(at: NDArray[np.float64]) -> float:
        hidden = x @ at[:4].reshape(2, 2) + at[4:6]
        output = hidden @ at[6:10].reshape(2, 2) + at[10:]
        return float(np.sum((output - t) ** 2) / 2)

    start = np.array([0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.5, 0.6, 0.7, 0.8, 0.1, 0.2])
    assert number("04", "cost") == pytest.approx(cost(start))
    deltas = {"o1": 0.34, "o2": -0.36}
    deltas["h1"] = deltas["o1"] * 0.5 + deltas["o2"] * 0.6
    deltas["h2"] = deltas["o1"] * 0.7 + deltas["o2"] * 0.8
    for unit, delta in deltas.items():
        assert number("04", f"delta_{unit} ") == pytest.approx(delta)
    names = ["w11", "w12", "w21", "w22", "b1", "b2", "v11", "v12", "v21", "v22", "c1", "c2"]
    made = [number("04", f"{name} - rate") for name in names]
    assert made == pytest.approx(start - 0.1 * slopes_of(cost, start), abs=6e-5)
    assert kept("04").count(" - rate * delta_") == 12


def test_05_has_eleven_derivatives_or_thirteen() -> None:
    x = np.array([1.0, 2.0])

    def each(at: NDArray[np.float64]) -> float:
        hidden = x @ at[:6].reshape(2, 3) + at[6:9]
        return float((hidden @ at[9:12] + at[12] - 1.0) ** 2 / 2)

    def shared(at: NDArray[np.float64]) -> float:
        return each(np.concatenate([at[:6], at[6:7], at[6:7], at[6:]]))

    start = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.1, 0.5, -0.4, 0.3, 0.2])
    names = ["w11", "w12", "w13", "w21", "w22", "w23", "b", "v1", "v2", "v3", "c"]
    eleven = [number("05", f"dC/d{name} =") for name in names]
    assert eleven == pytest.approx(slopes_of(shared, start), abs=6e-5)
    everywhere = slopes_of(each, np.concatenate([start[:6], [0.1] * 3, start[7:]]))
    (line,) = [line for line in kept("05").splitlines() if line.startswith("all:")]
    thirteen = [float(word) for word in line.split()[1:]]
    assert len(thirteen) == 13
    assert thirteen == pytest.approx(everywhere, abs=6e-5)
    for name in (*names[:6], *names[7:], "b1", "b2", "b3"):
        (line,) = [one for one in kept("05").splitlines() if one.startswith(f"dC/d{name} =")]
        *_, factors, slope = line.split(" = ")
        found = math.prod(float(one) for one in factors.split(" * "))
        assert found == pytest.approx(float(slope), rel=1e-3)
    three = [number("05", f"dC/db{unit} =") for unit in (1, 2, 3)]
    assert three == pytest.approx(everywhere[6:9], abs=6e-5)
    assert sum(three) == pytest.approx(eleven[6])


def test_06_adds_two_sigmoids() -> None:
    def output(at: NDArray[np.float64]) -> float:
        return float(sum(1 / (1 + np.exp(-(2.0 * at[k] + at[k + 1]))) for k in (0, 2)))

    def error(at: NDArray[np.float64]) -> float:
        return (1.0 - output(at)) ** 2

    at = np.array([0.2, 0.3, 0.4, 0.1])
    assert number("06", "z1") == pytest.approx(0.7)
    assert number("06", "z2") == pytest.approx(0.9)
    assert number("06", "output") == pytest.approx(output(at), abs=1e-6)
    assert number("06", "error E") == pytest.approx(error(at), abs=1e-6)
    assert number("06", "dE/doutput") == pytest.approx(-2 * (1 - output(at)), abs=1e-6)
    slopes = slopes_of(error, at)
    names = ("w1", "b1", "w2", "b2")
    assert [number("06", f"dE/d{name}") for name in names] == pytest.approx(slopes, abs=1e-6)
    made = [number("06", f"{name} - rate") for name in names]
    assert made == pytest.approx(at - 0.1 * slopes, abs=1e-6)
    (line,) = [line for line in kept("06").splitlines() if line.startswith("error after")]
    later = {int(count): float(one) for count, one in re.findall(r"(\d+): (\d\.\d+)", line)}
    for step in range(21):
        assert later.get(step, error(at)) == pytest.approx(error(at), abs=1e-6)
        at = at - 0.1 * slopes_of(error, at)


def namespace(start: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run an example here and return its names."""
    (script,) = (ROOT / "examples").glob(f"{start}_*.py")
    monkeypatch.setattr(sys, "argv", [script.name])
    return runpy.run_path(str(script))


def tanh_network(parameters: dict[str, NDArray[Any]], x: NDArray[np.float64]) -> NDArray[Any]:
    """Return the logits of Dense layers with tanh between them, in plain NumPy."""
    last = len(parameters) // 2
    for layer in range(1, last + 1):
        x = x @ parameters[f"dense_{layer}.W"] + parameters[f"dense_{layer}.b"]
        x = np.tanh(x) if layer < last else x
    return x[:, 0]


def test_07_parts_xor_only_with_hidden_units(monkeypatch: pytest.MonkeyPatch) -> None:
    assert number("07", "no hidden layer") == pytest.approx(math.log(2), abs=6e-5)
    names = namespace("07", monkeypatch)
    share = 1 / (1 + np.exp(-tanh_network(names["run"].network.parameters, names["X"])))
    table = rows("07", 5)
    assert table[:, :4].tolist() == [[0, 0, 0, 0], [0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 0]]
    assert table[:, 4] == pytest.approx(share, abs=6e-4)
    loss = -np.mean(np.log(np.where(names["y"] == 1, share, 1 - share)))
    assert number("07", "three hidden units") == pytest.approx(loss, abs=1e-4)


def test_08_parts_the_classic_spirals(monkeypatch: pytest.MonkeyPatch) -> None:
    names = namespace("08", monkeypatch)
    X, y = names["X"], names["y"]
    due = [
        (sign * r * math.sin(k * math.pi / 16), sign * r * math.cos(k * math.pi / 16))
        for sign in (1, -1)
        for k in range(97)
        for r in (6.5 * (104 - k) / 104,)
    ]
    assert np.allclose(X, due, rtol=0, atol=1e-12)
    assert y.tolist() == [0] * 97 + [1] * 97
    logits = tanh_network(names["run"].network.parameters, X)
    assert ((logits > 0) == y).all()
    assert np.mean(np.log1p(np.exp(np.where(y == 1, -logits, logits)))) < 0.0105
    by_a_line, by_the_network = map(int, re.findall(r"(\d+) of 194 points right", kept("08")))
    assert by_the_network == 194
    assert by_a_line < 120
    assert f"{2 * 32 + 32 + 32 * 32 + 32 + 32 + 1} parameters" in kept("08")


def test_09_reaches_the_published_errors() -> None:
    assert "total error: 0.298371109\n" in kept("09")
    assert "biases frozen: error 0.298371109, after a step 0.291027774," in kept("09")
    assert "biases trained: error 0.298371109, after a step 0.280471447," in kept("09")


def test_09_unfolds_a_weight_to_the_published_factors() -> None:
    (line,) = [one for one in kept("09").splitlines() if one.startswith("weight 1 of output.W")]
    factors, slope = line.partition(": ")[2].split(" = ")
    found = [float(one) for one in factors.split(" * ")]
    assert found == pytest.approx([0.74136507, 0.186815602, 0.593269992], abs=6e-9)
    assert math.prod(found) == pytest.approx(float(slope), abs=2e-9)


def test_09_agrees_with_differences() -> None:
    x, t = np.array([0.05, 0.10]), np.array([0.01, 0.99])

    def error(at: NDArray[np.float64]) -> float:
        hidden = 1 / (1 + np.exp(-(at[:4].reshape(2, 2) @ x + at[8])))
        output = 1 / (1 + np.exp(-(at[4:8].reshape(2, 2) @ hidden + at[9])))
        return float(np.sum((t - output) ** 2) / 2)

    # Weights 1 to 8 as published, unit by unit, then the two biases, which stay.
    at = np.array([0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55, 0.35, 0.60])
    slopes = slopes_of(error, at)
    printed = {
        layer: [number("09", f"slope at weight {k} of {layer}.W") for k in (1, 2, 3, 4)]
        for layer in ("hidden", "output")
    }
    assert printed["hidden"] == pytest.approx(slopes[:4], abs=1e-9)
    assert printed["output"] == pytest.approx(slopes[4:8], abs=1e-9)
    for _ in range(1000):
        at[:8] -= 0.5 * slopes_of(error, at)[:8]
    assert number("09", "biases frozen") == pytest.approx(error(at), abs=2e-7)


def test_10_counts_the_steps_of_100_epochs() -> None:
    steps = [int(one.replace(",", "")) for one in re.findall(r"([\d,]+) steps", kept("10"))]
    assert steps == [100 * math.ceil(100 / rows) for rows in (100, 25, 1)]
    losses = [float(one) for one in re.findall(r"to (\d\.\d+)", kept("10"))]
    assert losses == sorted(losses, reverse=True)
