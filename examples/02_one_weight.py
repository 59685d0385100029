"""One weight and no bias: 0.8 becomes 0.59, then 0.4745, on to 1/3."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"
x, y, w, rate = 1.5, 0.5, 0.8, 0.1

# %% The network is a = w x, its cost (a - y)^2
unit = cr.Dense(1, bias=None, name="unit")
network = cr.Network(cr.Input(1), unit, parameters={"unit.W": [[w]]})
why = cr.explain(network, "unit.W", x=[x], y=[y], loss="squared_error").tree
by_w, by_a = (one.value for one in why.terms[0].factors)
output, cost = network([[x]]).item(), list(why)[-1].content

run = cr.train(
    network, [[x]], [y], loss="squared_error", optimizer=cr.GradientDescent(learning_rate=rate),
    epochs=30, dtype="float64", snapshots=1,
)  # fmt: skip
weights = [w, *(one["unit.W"].item() for one in run.recording.snapshots.values())]

print(f"output      a = w x = {w} * {x} = {output:.4g}")
print(f"cost        (a - y)^2 = ({output:.4g} - {y})^2 = {cost:.4g}")
print(f"slope       by the chain rule x * 2 (a - y) = {by_w:.4g} * {by_a:.4g} = {why.value:.4g}")
print(f"new weight  w - rate * slope = {w} - {rate} * {why.value:.4g} = {weights[1]:.4g}")
print(f"then        {weights[2]:.4g}, and on to {weights[-1]:.6f}\n")

# %% On to 1/3, where the output is 0.5
# Each step leaves 1 - 0.1 * 2 * 1.5^2 = 0.55 of the distance to 1/3.
print("step    weight      cost")
for step in (0, 1, 2, 3, 4, 5, 10, 20, 30):
    cost = run.history["loss"][step] if step < 30 else (weights[step] * x - y) ** 2
    print(f"{step:4}  {weights[step]:8.6f}  {cost:8.6f}")


# %% Cost over weight, with the path
def draw() -> Figure:
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    many = np.linspace(-0.2, 0.87, 200)
    path = np.array(weights)
    axes.plot(many, (many * x - y) ** 2, color=BLUE, label="cost (1.5 w - 0.5)²")
    axes.plot(path, (path * x - y) ** 2, "o-", color=ORANGE, markersize=5, linewidth=1,
              label="the path")  # fmt: skip
    for weight, text in zip(path, ("w = 0.8", "0.59", "0.4745"), strict=False):
        axes.annotate(text, (weight, (weight * x - y) ** 2), (-8, 4), ha="right",
                      textcoords="offset points", color=ORANGE)  # fmt: skip
    axes.annotate("1/3", (1 / 3, 0), (0, -14), textcoords="offset points", ha="center")
    axes.set(xlabel="weight", ylabel="cost", ylim=(-0.05, 0.7))
    axes.set_title("One weight: each step leaves 0.55 of the way to 1/3", loc="left")
    axes.legend(frameon=False, loc="upper center")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


# %% Only when asked: --figure one_weight.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "one_weight.png", dpi=120)
