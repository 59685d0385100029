"""All rows, some rows, one row at a time: 100 epochs are 100, 400 or 10,000 steps."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"

# %% A hundred points of a curve
x = np.linspace(-1.0, 1.0, 100)[:, None]
y = np.sin(3.0 * x)
network = cr.Network(cr.Input(1), cr.Dense(8, "tanh"), cr.Dense(1), seed=1)

# %% The same network, the same rule, the same number of passes over the rows
forms = {"all rows (batch)": None, "25 rows (mini-batch)": 25, "one row (stochastic)": 1}
losses = {}
for words, batch_size in forms.items():
    run = cr.train(
        network, x, y, optimizer=cr.GradientDescent(learning_rate=0.05), epochs=100,
        batch_size=batch_size, seed=1, dtype="float64",
    )  # fmt: skip
    losses[words] = run.history["loss"]
    first, last = losses[words][0], losses[words][-1]
    print(f"{words:21} {run.state.step:6,} steps, loss from {first:.3f} to {last:.4f}")


# %% More steps in an epoch, each from fewer rows
def draw() -> Figure:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    lines = zip(losses.items(), ("0.3", BLUE, ORANGE), ("--", "-", "-."), strict=True)
    for (words, loss), colour, dashes in lines:
        axes.semilogy(range(1, 101), loss, color=colour, linestyle=dashes, label=words)
    axes.set(xlabel="epoch", ylabel="mean squared error")
    axes.set_title("Fewer rows in a step, more steps in an epoch", loc="left")
    axes.legend(frameon=False)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


# %% Only when asked: --figure three_batch_forms.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "three_batch_forms.png", dpi=120)
