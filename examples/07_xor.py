"""XOR: no straight line parts the two classes, three hidden units do."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"
X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0, 1, 1, 0])
choices = {"optimizer": cr.Adam(learning_rate=0.05), "epochs": 400, "seed": 1, "dtype": "float64"}

# %% Without a hidden layer
# The best that a straight line can do is to say one half everywhere: the loss stays at ln 2.
line = cr.train(cr.Network(cr.Dense(1)), X, y, **choices)
print(f"no hidden layer:     loss {line.history['loss'][-1]:.4f}")

# %% With three hidden units
run = cr.train(cr.Network(cr.Dense(3, "tanh"), cr.Dense(1)), X, y, **choices)
print(f"three hidden units:  loss {run.history['loss'][-1]:.4f}\n")
print("x1  x2  XOR  answer  probability of 1")
for row, wanted, answer, share in zip(X, y, run.predict(X), run.predict_proba(X), strict=True):
    print(f"{row[0]:2.0f}  {row[1]:2.0f}  {wanted:3}  {answer:6}  {share[1]:16.3f}")


# %% What the network says in between, and how the loss fell
def draw() -> Figure:
    figure = Figure(figsize=(9, 4), layout="constrained")
    regions, losses = figure.subplots(1, 2)
    side = np.linspace(-0.5, 1.5, 201)
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    share = run.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(201, 201)
    regions.contourf(side, side, share, levels=[0, 0.5, 1], colors=[BLUE, ORANGE], alpha=0.3)
    regions.contour(side, side, share, levels=[0.5], colors="0.3")
    for label, colour, marker in ((0, BLUE, "o"), (1, ORANGE, "s")):
        regions.plot(*X[y == label].T, marker, color=colour, markersize=10, label=f"XOR = {label}")
    regions.set(xlabel="x1", ylabel="x2", aspect="equal")
    regions.set_title("What the three hidden units decide", loc="left")
    regions.legend(loc="upper right")
    losses.plot(line.history["loss"], color=ORANGE, linestyle="--", label="no hidden layer")
    losses.plot(run.history["loss"], color=BLUE, label="three hidden units")
    losses.axhline(np.log(2), color="0.5", linewidth=1, linestyle=":", label="ln 2")
    losses.set(xlabel="epoch", ylabel="cross-entropy")
    losses.set_title("Loss over epochs", loc="left")
    losses.spines[["top", "right"]].set_visible(False)
    losses.legend(frameon=False)
    return figure


# %% Only when asked: --figure xor.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "xor.png", dpi=120)
