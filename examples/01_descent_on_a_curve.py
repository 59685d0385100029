"""Gradient descent on the curve f(x) = x^3 - 4x^2 + 6, from 0.5 down to 2.67."""

import sys
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"


def f(x: Any) -> Any:
    return x**3 - 4 * x**2 + 6


# %% Downhill twice
# Once with the slope that the chain rule gives, once with the slope measured by a central
# difference, (f(x + 0.01) - f(x - 0.01)) / 0.02.
descent = cr.GradientDescent(learning_rate=0.05)
exact = cr.minimize(f, 0.5, descent, steps=100)
measured = cr.minimize(f, 0.5, descent, steps=100, difference=0.01)

print(f"{'exact slope':>34}{'slope by a step of 0.01':>35}")
print("step" + 2 * f"     {'x':>10}{'f(x)':>10}{'slope':>10}")
for step in (0, 1, 2, 3, 4, 5, 10, 15, 20):
    print(f"{step:4}", end="")
    for way in (exact, measured):
        print(f"     {way.path[step]:10.4f}", end="")
        print(f"{way.values[step]:10.4f}{way.slopes[step]:10.4f}", end="")
    print()

# %% Where they end
# The slope is 3x^2 - 8x, so the lowest place is x = 8/3. On a cubic the central difference is too
# large by exactly 0.01^2, which moves the end by 0.01^2 / f''(8/3) = 0.0001 / 8.
print(f"exact     ends at x = {exact.x:.6f}, f(x) = {exact.value:.6f}")
print(f"measured  ends at x = {measured.x:.6f}, f(x) = {measured.value:.6f}")
print(f"both are {exact.x:.2f}; they differ by {exact.x - measured.x:.7f}")


# %% The path on the curve, and a zoom on its end
def draw() -> Figure:
    figure = Figure(figsize=(9, 4), layout="constrained")
    whole, zoom = figure.subplots(1, 2)
    show_path(whole, 0.0, 4.0, "From 0.5 down to 2.67 in 100 steps")
    show_path(zoom, 2.3, 2.85, "The end, closer: steps shrink with the slope")
    mark = {"textcoords": "offset points", "ha": "center"}
    whole.annotate("start", (0.5, f(0.5)), (-20, -10), color=ORANGE, **mark)
    zoom.annotate("x = 8/3", (8 / 3, f(8 / 3)), (0, 24), arrowprops={"arrowstyle": "-"}, **mark)
    whole.legend(frameon=False, loc="upper center")
    return figure


def show_path(axes: Axes, low: float, high: float, title: str) -> None:
    x = np.linspace(low, high, 400)
    path = exact.path[(exact.path >= low) & (exact.path <= high)]
    axes.plot(x, f(x), color=BLUE, label="f(x) = x³ - 4x² + 6")
    axes.plot(path, f(path), "o-", color=ORANGE, markersize=4, linewidth=1, label="the path")
    axes.set(xlabel="x", ylabel="f(x)")
    axes.set_title(title, loc="left")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


# %% Only when asked: --figure descent.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "descent_on_a_curve.png", dpi=120)
