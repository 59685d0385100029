"""A perceptron: a weighted sum, a bias, and an activation, for each of eight activations."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"
NAMES = ("step", "identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "silu")
x, w, b = [2.0, 3.0, 1.0], [0.5, -1.0, 0.4], 0.1


def perceptron(activation: str) -> cr.Network:
    parameters = {"z.W": [[one] for one in w], "z.b": [b]}
    layers = cr.Dense(1, name="z"), cr.Activation(activation, name="a")
    return cr.Network(cr.Input(3), *layers, parameters=parameters)


# %% The weighted sum and the bias are the same for all
z = perceptron("identity")([x]).item()
print("z = w1 x1 + w2 x2 + w3 x3 + b")
print(f"  = {w[0]} * {x[0]} + {w[1]} * {x[1]} + {w[2]} * {x[2]} + {b} = {z:.4g}")

# %% Only the activation differs
# Its slope da/dz is what backpropagation multiplies by on the way back. It is the gradient at z of
# a loss that is the output itself. A step is flat everywhere: it cannot be trained through.
print(f"{'activation':12}{'a = f(z)':>10}{'da/dz':>10}")
for name in NAMES:
    print(f"{name:12}{perceptron(name)([x]).item():10.4f}", end="")
    if name == "step":
        print(f"{'none':>10}")
        continue
    look = cr.backpropagate(perceptron(name), [x], [0], lambda output, _: output.sum(axis=1))
    print(f"{look.gradients['z'].item():10.4f}")


# %% Each activation, with the point z
def draw() -> Figure:
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    figure.suptitle(f"One weighted sum, z = {z:.4g}, and what eight activations make of it")
    many = np.linspace(-3, 3, 301)
    for axes, name in zip(figure.subplots(2, 4, sharex=True, sharey=True).flat, NAMES, strict=True):
        curve = cr.Network(cr.Input(1), cr.Activation(name), seed=0)
        axes.plot(many, curve(many[:, None])[:, 0], color=BLUE)
        axes.plot(z, curve([[z]])[0, 0], "o", color=ORANGE)
        axes.axhline(0, color="0.6", linewidth=0.8)
        axes.axvline(0, color="0.6", linewidth=0.8)
        axes.set_title(f"{name}: {curve([[z]])[0, 0]:.4f}", loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("z")
    figure.supylabel("a")
    return figure


# %% Only when asked: --figure perceptron.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "perceptron.png", dpi=120)
