"""Two inputs, two hidden units, two outputs, all linear: the deltas and all twelve updates."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"
x, t, rate = [1.0, 2.0], [1.0, 2.0], 0.1
# w12 leads from input 1 to hidden unit 2, v12 from hidden unit 1 to output 2.
w, b = [[0.1, 0.2], [0.3, 0.4]], [0.1, 0.2]
v, c = [[0.5, 0.6], [0.7, 0.8]], [0.1, 0.2]
start = {"h.W": w, "h.b": b, "o.W": v, "o.b": c}
network = cr.Network(cr.Input(2), cr.Dense(2, name="h"), cr.Dense(2, name="o"), parameters=start)
look = cr.backpropagate(network, [x], [t], "half_squared_error")
h, o = look.values["h"][0], look.values["o"][0]
given = {"x": x, "y": t, "loss": "half_squared_error"}
deltas = [cr.explain(network, name, **given).tree for name in ("h[0]", "h[1]", "o[0]", "o[1]")]
delta_h, delta_o = [one.value for one in deltas[:2]], [one.value for one in deltas[2:]]

# %% Forward: every unit is a weighted sum and a bias
for j in (0, 1):
    print(f"h{j + 1} = w1{j + 1} x1 + w2{j + 1} x2 + b{j + 1}", end=" = ")
    print(f"{w[0][j]} * {x[0]:g} + {w[1][j]} * {x[1]:g} + {b[j]} = {h[j]:.4g}")
for j in (0, 1):
    print(f"o{j + 1} = v1{j + 1} h1 + v2{j + 1} h2 + c{j + 1}", end=" = ")
    print(f"{v[0][j]} * {h[0]:.4g} + {v[1][j]} * {h[1]:.4g} + {c[j]} = {o[j]:.4g}")
print(f"cost = ((o1 - t1)^2 + (o2 - t2)^2) / 2 = {look.loss:.4g}\n")

# %% Backward: a delta is the slope of the cost at a unit, a term for each unit that it moves
for j in (0, 1):
    print(f"delta_o{j + 1} = o{j + 1} - t{j + 1} = {o[j]:.4g} - {t[j]:g} = {delta_o[j]:.4g}")
for i in (0, 1):
    print(f"delta_h{i + 1} = delta_o1 v{i + 1}1 + delta_o2 v{i + 1}2", end=" = ")
    terms = sorted(deltas[i].terms, key=lambda one: one.through)
    pairs = ([f"{one.value:.4g}" for one in term.factors] for term in terms)
    print(" + ".join(f"{delta} * {weight}" for weight, delta in pairs), f"= {delta_h[i]:.4g}")

# %% One step of gradient descent at rate 0.1: twelve updates
run = cr.train(network, [x], [t], loss="half_squared_error", optimizer="gradient_descent",
               learning_rate=rate, epochs=1, dtype="float64")  # fmt: skip
print(f"\nwith rate = {rate}:")
for name, letters in {"o.W": "vh", "o.b": "c", "h.W": "wx", "h.b": "b"}.items():
    for place, old in np.ndenumerate(start[name]):
        (term,) = cr.explain(network, f"{name}{list(place)}", **given).tree.terms
        number, delta = (f"{one.value:.4g}" for one in term.factors)
        *i, j = (str(one + 1) for one in place)
        by, times = (f" * {letters[1]}{i[0]}", f" * {number}") if i else ("", "")
        print(f"{letters[0]}{''.join(i)}{j} - rate * delta_{name[0]}{j}{by}", end=" = ")
        print(f"{old} - {rate} * {delta}{times} = {run.network.parameters[name][place]:.4g}")


# %% Forward in blue, backward in orange
def draw() -> Figure:
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot(xlim=(-0.2, 2.2), ylim=(-1.5, 0.3))
    axes.set_axis_off()
    axes.set_title("Values go forward (blue), deltas come back (orange)", loc="left")
    middle = {"ha": "center", "va": "center"}
    for left, letter, matrix in ((0, "w", w), (1, "v", v)):
        for (i, j), number in np.ndenumerate(matrix):
            axes.plot([left, left + 1], [-i, -j], color="0.7", zorder=0)
            label = f"{letter}{i + 1}{j + 1} = {number}"
            axes.text(left + 0.3, -i + 0.3 * (i - j), label, backgroundcolor="white", **middle)
    for left, letter, values in ((0, "x", x), (1, "h", h), (2, "o", o)):
        for i in (0, 1):
            axes.plot(left, -i, "o", color=BLUE, markersize=54)
            axes.text(left, -i, f"{letter}{i + 1}\n{values[i]:.4g}", color="white", **middle)
    for (left, i), delta in np.ndenumerate([delta_h, delta_o]):
        axes.text(left + 1, -i - 0.26, f"δ = {delta:.4g}", color=ORANGE, **middle)
    return figure


# %% Only when asked: --figure two_two_two.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "two_two_two.png", dpi=120)
