"""Two inputs, two hidden units, two outputs, all linear: the deltas and all twelve updates."""

import sys

from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"
x, t, rate = [1.0, 2.0], [1.0, 2.0], 0.1
# w12 leads from input 1 to hidden unit 2, v12 from hidden unit 1 to output 2.
w, b = [[0.1, 0.2], [0.3, 0.4]], [0.1, 0.2]
v, c = [[0.5, 0.6], [0.7, 0.8]], [0.1, 0.2]
start = {"hidden.W": w, "hidden.b": b, "output.W": v, "output.b": c}
layers = cr.Dense(2, name="hidden"), cr.Dense(2, name="output")
network = cr.Network(cr.Input(2), *layers, parameters=start)
look = cr.backpropagate(network, [x], [t], "half_squared_error")
h, o = look.values["hidden"][0], look.values["output"][0]
delta_h, delta_o = look.gradients["hidden"][0], look.gradients["output"][0]

# %% Forward: every unit is a weighted sum and a bias
for j in (1, 2):
    print(f"h{j} = w1{j} x1 + w2{j} x2 + b{j} = {w[0][j - 1]} * {x[0]:g} + ", end="")
    print(f"{w[1][j - 1]} * {x[1]:g} + {b[j - 1]} = {h[j - 1]:.4g}")
for j in (1, 2):
    print(f"o{j} = v1{j} h1 + v2{j} h2 + c{j} = {v[0][j - 1]} * {h[0]:.4g} + ", end="")
    print(f"{v[1][j - 1]} * {h[1]:.4g} + {c[j - 1]} = {o[j - 1]:.4g}")
print(f"cost = ((o1 - t1)^2 + (o2 - t2)^2) / 2 = {look.loss:.4g}")

# %% Backward: a delta is the slope of the cost at a unit
for j in (1, 2):
    print(f"delta_o{j} = o{j} - t{j} = {o[j - 1]:.4g} - {t[j - 1]:g} = {delta_o[j - 1]:.4g}")
for i in (1, 2):
    print(f"delta_h{i} = delta_o1 v{i}1 + delta_o2 v{i}2 = {delta_o[0]:.4g} * {v[i - 1][0]}", end="")
    print(f" + {delta_o[1]:.4g} * {v[i - 1][1]} = {delta_h[i - 1]:.4g}")

# %% One step of gradient descent at rate 0.1: twelve updates
run = cr.train(network, [x], [t], loss="half_squared_error", epochs=1, dtype="float64",
               optimizer=cr.GradientDescent(learning_rate=rate))  # fmt: skip
new = run.network.parameters
names = ("v", "c", "o", "h", "output"), ("w", "b", "h", "x", "hidden")
for (weight, bias, unit, source, layer), delta, inputs in zip(
    names, (delta_o, delta_h), (h, x), strict=True
):
    for i, j in ((1, 1), (1, 2), (2, 1), (2, 2)):
        print(f"{weight}{i}{j} - rate delta_{unit}{j} {source}{i} = ", end="")
        print(f"{start[layer + '.W'][i - 1][j - 1]} - {rate} * {delta[j - 1]:.4g} * ", end="")
        print(f"{inputs[i - 1]:.4g} = {new[layer + '.W'][i - 1, j - 1]:.4g}")
    for j in (1, 2):
        print(f"{bias}{j} - rate delta_{unit}{j} = {start[layer + '.b'][j - 1]} - ", end="")
        print(f"{rate} * {delta[j - 1]:.4g} = {new[layer + '.b'][j - 1]:.4g}")


# %% Forward in blue, backward in orange
def draw() -> Figure:
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_title("Values go forward, deltas come back", loc="left")
    for left, letter, m in ((0, "w", w), (1, "v", v)):
        for i, j in ((1, 1), (1, 2), (2, 1), (2, 2)):
            axes.plot([left, left + 1], [-i, -j], color="0.7", zorder=0)
            axes.text(left + 0.3, -i + 0.3 * (i - j), f"{letter}{i}{j} = {m[i - 1][j - 1]}",
                      ha="center", va="center", backgroundcolor="white")  # fmt: skip
    deltas = (("", ""), [f"δ {one:.4g}" for one in delta_h], [f"δ {one:.4g}" for one in delta_o])
    for left, (letter, values) in enumerate((("x", x), ("h", h), ("o", o))):
        for i in (1, 2):
            axes.plot(left, -i, "o", color=BLUE, markersize=54)
            text = f"{letter}{i}\n{values[i - 1]:.4g}"
            axes.text(left, -i, text, color="white", ha="center", va="center")
            axes.text(left, -i - 0.26, deltas[left][i - 1], color=ORANGE, ha="center", va="top")
    axes.set(xlim=(-0.2, 2.2), ylim=(-2.5, -0.7))
    return figure


# %% Only when asked: --figure two_two_two.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "two_two_two.png", dpi=120)
