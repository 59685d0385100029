"""Two inputs, three hidden units, one output: 11 partial derivatives, or 13 with more biases."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"
x, t = [1.0, 2.0], 1.0
w, b, v, c = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], 0.1, [[0.5], [-0.4], [0.3]], 0.2


def chain(network: cr.Network, number: str) -> str:
    """The local derivatives from the cost to a number, and the slope that is their product."""
    tree = cr.explain(network, number, x=x, y=[t]).tree
    local = [node.terms[0].factors[0].value for node in tree if "loss" not in node.name]
    return f"{' * '.join(f'{one:.4g}' for one in reversed(local))} = {tree.value:.4g}"


# %% One bias a layer, shared by its units
layers = [cr.Apply("linear_one_bias", sizes={"o": k}, name=one) for one, k in (("h", 3), ("o", 1))]
start = {"h.W": w, "h.b": [b], "o.W": v, "o.b": [c]}
shared = cr.Network(cr.Input(2), *layers, parameters=start)
look = cr.backpropagate(shared, [x], [t], "half_squared_error")
for j, h in enumerate(look.values["h"][0], start=1):
    print(f"h{j} = w1{j} x1 + w2{j} x2 + b = {h:.4g}")
print(f"o = v1 h1 + v2 h2 + v3 h3 + c = {look.values['o'].item():.4g}")
print(f"C = (o - t)^2 / 2 = {look.loss:.4g}\n")

# %% Its 11 partial derivatives: 6 + 1 + 3 + 1
slopes = look.gradients
print(f"one bias a layer, 11 partial derivatives from dC/do = o - t = {slopes['o'].item():.4g}:")
for i, j in np.ndindex(2, 3):
    rule = f"dC/do do/dh{j + 1} dh{j + 1}/dw{i + 1}{j + 1} = (o - t) v{j + 1} x{i + 1}"
    print(f"dC/dw{i + 1}{j + 1} = {rule} =", chain(shared, f"h.W[{i},{j}]"))
products = (f"{one.product:.4g}" for one in cr.explain(shared, "h.b", x=x, y=[t]).tree.terms)
print("dC/db = dC/do (do/dh1 dh1/db + do/dh2 dh2/db + do/dh3 dh3/db)", end=" = ")
print(" + ".join(products), f"= {slopes['h.b'].item():.4g}")
for j in (1, 2, 3):
    print(f"dC/dv{j} = dC/do do/dv{j} = (o - t) h{j} = {chain(shared, f'o.W[{j - 1},0]')}")
print(f"dC/dc = dC/do do/dc = (o - t) * 1 = {chain(shared, 'o.b')}")

# %% With a bias for each unit there are 13: 6 + 3 + 3 + 1
# From the same numbers: ten are as before, and the three of hidden biases add up to the shared one.
start = {"w.W": w, "w.b": [b, b, b], "v.W": v, "v.b": [c]}
network = cr.Network(cr.Input(2), cr.Dense(3, name="w"), cr.Dense(1, name="v"), parameters=start)
each = cr.backpropagate(network, [x], [t], "half_squared_error").gradients
print("\none bias a unit, 13 partial derivatives: these three in the place of dC/db")
for j in (1, 2, 3):
    print(f"dC/db{j} = dC/do do/dh{j} * 1 =", chain(network, f"w.b[{j - 1}]"))
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
    places = zip((0, 0, 1, 1, 1, 2), (0.8, -0.8, 1, 0, -1, 0), strict=True)
    for name, place in zip(("x1", "x2", "h1", "h2", "h3", "o"), places, strict=True):
        axes.plot(*place, "o", color="0.25", markersize=36)
        axes.text(*place, name, color="white", **middle)
    return figure


# %% Only when asked: --figure two_three_one.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "two_three_one.png", dpi=120)
