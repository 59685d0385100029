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
values = {name: value.item() for name, value in look.values.items() if np.size(value) == 1}
for k in (1, 2):
    print(f"z{k} = w{k} x + b{k} = {w[k - 1]} * {x} + {b[k - 1]} = {values[f's{k}.linear']:.4f}")
    print(f"s{k} = sigmoid(z{k}) = {values[f's{k}']:.6f}")
o = values["output"]
print(f"output = s1 + s2 = {o:.6f}")
print(f"error = (expected - output)^2 = ({expected} - {o:.6f})^2 = {look.loss:.6f}\n")

# %% Backward, and one update
descent = cr.GradientDescent(learning_rate=rate)
run = cr.train(network, [[x]], [expected], loss="squared_error", optimizer=descent, epochs=1,
               dtype="float64")  # fmt: skip
new = run.network.parameters
print(f"dE/doutput = -2 (expected - output) = {look.gradients['output'].item():.6f}")
for k in (1, 2):
    for letter, name, old in (("w", f"s{k}.W", w), ("b", f"s{k}.b", b)):
        slope, inner = look.gradients[name].item(), f" {x}" if letter == "w" else ""
        print(f"dE/d{letter}{k} = -2 (expected - output) s{k} (1 - s{k})", end="")
        print(f"{' x' if inner else ''} = {slope:.6f}", end=";  ")
        print(f"{letter}{k}: {old[k - 1]} - {rate} * {slope:.6f} = {new[name].item():.6f}")
