"""Two sigmoids added, sigmoid(w1 x + b1) + sigmoid(w2 x + b2): forward, error, slopes, update."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"
x, expected, rate = 2.0, 1.0, 0.1
w, b = (0.2, 0.4), (0.3, 0.1)

# %% Two units side by side, and no weights behind them: their outputs are added
given = cr.Input(1)
units = [cr.Dense(1, "sigmoid", name=name)(given) for name in ("s1", "s2")]
output = cr.Add(name="output")(*units)
start = {"s1.W": [[w[0]]], "s1.b": [b[0]], "s2.W": [[w[1]]], "s2.b": [b[1]]}
network = cr.Network(inputs=[given], outputs=[output], parameters=start)

# %% Forward, with the error (expected - output)^2, without a half
look = cr.backpropagate(network, [[x]], [expected], "squared_error")
values = {name: value.item() for name, value in look.values.items() if value.size == 1}
for k in (1, 2):
    print(f"z{k} = w{k} x + b{k} = {w[k - 1]} * {x} + {b[k - 1]} = {values[f's{k}.linear']:.4f}")
    print(f"s{k} = sigmoid(z{k}) = {values[f's{k}']:.6f}")
o = values["output"]
print(f"output = s1 + s2 = {o:.6f}")
print(f"error E = (expected - output)^2 = ({expected} - {o:.6f})^2 = {look.loss:.6f}")

# %% Backward: the chain rule through the error, the sum, the sigmoid and the weighted input
slopes = {name: slope.item() for name, slope in look.gradients.items() if slope.size == 1}
print(f"\ndE/doutput = -2 (expected - output) = {slopes['output']:.6f}")
for k in (1, 2):
    why = cr.explain(network, f"s{k}.W", x=[x], y=[expected], loss="squared_error").tree
    steps = [node.terms[0].factors[0].value for node in why if node.terms]
    by_w, by_z = steps[:2]
    print(f"dE/dw{k} = dE/doutput s{k} (1 - s{k}) x", end=" = ")
    print(f"{slopes['output']:.6f} * {by_z:.6f} * {by_w:g} = {why.value:.6f}")
    print(f"dE/db{k} = dE/doutput s{k} (1 - s{k}) = {slopes[f's{k}.b']:.6f}")

# %% One update, and 99 more
descent = cr.GradientDescent(learning_rate=rate)
run = cr.train(network, [[x]], [expected], loss="squared_error", optimizer=descent, epochs=1,
               dtype="float64")  # fmt: skip
print(f"\nwith rate = {rate}:")
for name, old in (("s1.W", w[0]), ("s1.b", b[0]), ("s2.W", w[1]), ("s2.b", b[1])):
    letter = ("w" if name.endswith("W") else "b") + name[1]
    print(f"{letter} - rate * dE/d{letter} = {old} - {rate} * {slopes[name]:.6f}", end="")
    print(f" = {run.network.parameters[name].item():.6f}")
later = cr.train(run, epochs=99)
errors = [f"{count}: {later.history['loss'][count]:.6f}" for count in (0, 1, 5, 10, 20)]
print("\nerror after so many updates:", *errors, sep="  ")


# %% The two sigmoids and their sum, before and after
def draw() -> Figure:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    many = np.linspace(-6, 6, 200)[:, None]
    axes.plot(many, network(many), color=BLUE, linestyle="--", label="output before")
    axes.plot(many, later.network(many), color=BLUE, label="output after 100 updates")
    axes.plot(x, o, "o", markerfacecolor="white", color=BLUE)
    axes.plot(x, expected, "o", color=ORANGE, label="expected: 1 at x = 2")
    axes.set(xlabel="x", ylabel="sigmoid(w1 x + b1) + sigmoid(w2 x + b2)")
    axes.set_title("Two sigmoids, added, are bent to the expected output", loc="left")
    axes.legend(frameon=False)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


# %% Only when asked: --figure two_sigmoids.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "two_sigmoids.png", dpi=120)
