"""Two inputs, three hidden units, one output: 11 partial derivatives, or 13 with more biases."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"
x, t = [1.0, 2.0], 1.0
w, b = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], 0.1
v, c = [[0.5], [-0.4], [0.3]], 0.2

# %% One bias a layer, shared by its units
layer_h = cr.Apply("linear_one_bias", sizes={"o": 3}, name="h")
layer_o = cr.Apply("linear_one_bias", sizes={"o": 1}, name="o")
start = {"h.W": w, "h.b": [b], "o.W": v, "o.b": [c]}
shared = cr.Network(cr.Input(2), layer_h, layer_o, parameters=start)
look = cr.backpropagate(shared, [x], [t], "half_squared_error")
h, o, delta = look.values["h"][0], look.values["o"].item(), look.gradients["o"].item()
for j in (0, 1, 2):
    print(f"h{j + 1} = w1{j + 1} x1 + w2{j + 1} x2 + b = {h[j]:.4g}")
print(f"o = v1 h1 + v2 h2 + v3 h3 + c = {o:.4g}")
print(f"C = (o - t)^2 / 2 = {look.loss:.4g}\n")

# %% Its 11 partial derivatives: 6 + 1 + 3 + 1
slopes = look.gradients
print(f"one bias a layer, 11 partial derivatives from dC/do = o - t = {delta:.4g}:")
for (i, j), slope in np.ndenumerate(slopes["h.W"]):
    weight, unit = f"w{i + 1}{j + 1}", f"h{j + 1}"
    print(f"dC/d{weight} = dC/do do/d{unit} d{unit}/d{weight} = (o - t) v{j + 1} x{i + 1}", end="")
    print(f" = {delta:.4g} * {v[j][0]} * {x[i]:g} = {slope:.4g}")
print("dC/db = dC/do (do/dh1 dh1/db + do/dh2 dh2/db + do/dh3 dh3/db)", end="")
print(f" = (o - t) (v1 + v2 + v3) = {delta:.4g} * {np.sum(v):.4g} = {slopes['h.b'].item():.4g}")
for j, slope in enumerate(slopes["o.W"].flat, start=1):
    print(f"dC/dv{j} = dC/do do/dv{j} = (o - t) h{j} = {delta:.4g} * {h[j - 1]:.4g} = {slope:.4g}")
print(f"dC/dc = dC/do do/dc = (o - t) * 1 = {slopes['o.b'].item():.4g}")

# %% With a bias for each unit there are 13: 6 + 3 + 3 + 1
# Started from the same numbers, the nine of the weights and that of the output's bias are as
# before, and the three of the hidden biases add up to that of the shared one.
start = {"w.W": w, "w.b": [b, b, b], "v.W": v, "v.b": [c]}
network = cr.Network(cr.Input(2), cr.Dense(3, name="w"), cr.Dense(1, name="v"), parameters=start)
each = cr.backpropagate(network, [x], [t], "half_squared_error").gradients
print("\none bias a unit, 13 partial derivatives: these three in the place of dC/db")
for j, slope in enumerate(each["w.b"], start=1):
    print(f"dC/db{j} = dC/do do/dh{j} dh{j}/db{j} = (o - t) v{j}", end="")
    print(f" = {delta:.4g} * {v[j - 1][0]} = {slope:.4g}")
print("all:", *(f"{one:.4g}" for name in start for one in each[name].flat))


# %% The nine derivatives at their weights
def draw() -> Figure:
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot(xlim=(-0.15, 2.15), ylim=(-1.3, 1.3))
    axes.set_axis_off()
    axes.set_title("Descent raises the blue weights and lowers the orange ones", loc="left")
    middle = {"ha": "center", "va": "center"}
    edges = [(0, 0.8 - 1.6 * i, 1 - j, slope) for (i, j), slope in np.ndenumerate(slopes["h.W"])]
    edges += [(1, 1 - j, 0, slope) for j, slope in enumerate(slopes["o.W"].flat)]
    for left, begin, end, slope in edges:
        colour = ORANGE if slope > 0 else BLUE
        axes.plot([left, left + 1], [begin, end], color=colour, linewidth=8 * abs(slope), zorder=0)
        place = left + 0.3, begin + 0.3 * (end - begin)
        axes.text(*place, f"{slope:.4g}", backgroundcolor="white", **middle)
    lefts, heights = (0, 0, 1, 1, 1, 2), (0.8, -0.8, 1, 0, -1, 0)
    for name, *place in zip(("x1", "x2", "h1", "h2", "h3", "o"), lefts, heights, strict=True):
        axes.plot(*place, "o", color="0.25", markersize=36)
        axes.text(*place, name, color="white", **middle)
    return figure


# %% Only when asked: --figure two_three_one.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "two_three_one.png", dpi=120)
