"""Two spirals of 97 points each, wound around each other, and a network that parts them."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"

# %% The 194 points
# The benchmark of Lang and Witbrock ("Learning to tell two spirals apart", 1988): three turns
# inwards in steps of a sixteenth of pi, and the same again mirrored at the centre.
steps = np.arange(97)
angle, radius = steps * np.pi / 16, 6.5 * (104 - steps) / 104
spiral = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
X = np.concatenate([spiral, -spiral])
y = np.repeat([0, 1], 97)
print(f"{len(X)} points, radius {radius[0]:.1f} to {radius[-1]:.1f}, ", end="")
print(f"angle 0 to {angle[-1] / np.pi:.0f} pi, and mirrored")

# %% A straight line, and two hidden layers of 32
# All 194 rows make a step; training ends when the loss has come down to 0.01.
choices = {"optimizer": cr.Adam(learning_rate=0.01), "batch_size": None, "dtype": "float64"}
line = cr.train(cr.Network(cr.Dense(1)), X, y, epochs=500, seed=1, **choices)
layers = cr.Dense(32, "tanh"), cr.Dense(32, "tanh"), cr.Dense(1)
run = cr.train(cr.Network(*layers), X, y, epochs=5000, target_loss=0.01, seed=1, **choices)
for name, one in (("straight line", line), ("two hidden layers", run)):
    right = (one.predict(X) == y).sum()
    print(f"{name:18} {one.network.parameter_count:5} parameters", end=",  ")
    print(f"loss {one.history['loss'][-1]:.2f},  {right:3} of {len(X)} points right")


# %% What the network says in between, and how the loss fell
def draw() -> Figure:
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    regions, losses = figure.subplots(1, 2)
    side = np.linspace(-8.5, 8.5, 341)
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    share = run.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(341, 341)
    regions.contourf(side, side, share, levels=[0, 0.5, 1], colors=[BLUE, ORANGE], alpha=0.3)
    for label, colour, marker in ((0, BLUE, "o"), (1, ORANGE, "s")):
        regions.plot(*X[y == label].T, marker, color=colour, markersize=3, label=f"spiral {label}")
    regions.set(xlabel="x1", ylabel="x2", aspect="equal")
    regions.set_title("Every point on its own side", loc="left")
    regions.legend(loc="upper center", ncols=2, framealpha=1)
    losses.semilogy(line.history["loss"], color=ORANGE, linestyle="--", label="straight line")
    losses.semilogy(run.history["loss"], color=BLUE, label="two hidden layers of 32")
    losses.set(xlabel="epoch", ylabel="cross-entropy")
    losses.set_title("Loss over epochs", loc="left")
    losses.grid(alpha=0.25)
    losses.spines[["top", "right"]].set_visible(False)
    losses.legend(frameon=False)
    return figure


# %% Only when asked: --figure two_spirals.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "two_spirals.png", dpi=120)
