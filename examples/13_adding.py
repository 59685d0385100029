"""Sequences: two of fifty numbers are marked, and their sum is asked for at the end."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"
TIME, ROWS = 50, 1200
random = np.random.default_rng(0)
values, marks = random.uniform(size=(ROWS, TIME)), np.zeros((ROWS, TIME))
for half in (0, TIME // 2):
    marks[np.arange(ROWS), half + random.integers(0, TIME // 2, size=ROWS)] = 1.0
sequences = np.stack([values, marks], axis=2)
sums = np.sum(values * marks, axis=1)
seen, new = slice(0, 1000), slice(1000, None)

# %% A simple recurrent layer beside one whose gates decide what to keep, at first for 50 entries
networks = {
    "simple": cr.Network(cr.Recurrent(24), cr.Dense(1)),
    "gated": cr.Network(cr.GRU(24, bias="chrono"), cr.Dense(1)),
}
choices = {
    "optimizer": cr.Adam(learning_rate=0.01),
    "epochs": 30,
    "clip_norm": 1.0,
    "seed": 1,
    "dtype": "float64",
}
print("mean squared error on 200 new sequences")
print(f"always saying 1  {np.mean((sums[new] - 1.0) ** 2):.1f}")
runs = {}
for name, network in networks.items():
    runs[name] = cr.train(network, sequences[seen], sums[seen], **choices)
    error = np.mean((runs[name].predict(sequences[new]) - sums[new]) ** 2)
    print(f"{name:<15}  {error:.1f}")
print(f"\n{runs['gated'].network}")


# %% Why: how far the answer moves with a number. It should be 1 where it is marked, 0 elsewhere
def slopes(network: cr.Network) -> np.ndarray:
    """The derivative of the answer at each number, (rows, time)."""
    rows = sequences[new]
    # With this target every row's error is 1, so that the gradient is that of the answer alone.
    found = cr.backpropagate(network, rows, network(rows) - 1.0)
    return len(rows) * found.gradients["x"][:, :, 0]


moves = {name: slopes(run.network) for name, run in runs.items()}
marked = marks[new] == 1.0
print("\nhow far the answer moves with a number")
print("        marked in the first half  in the second  not marked")
for name, slope in moves.items():
    halves = [slope[:, half][marked[:, half]].mean() for half in (slice(25), slice(25, None))]
    others = np.abs(slope[~marked]).mean()
    print(f"{name:<6}  {halves[0]:z24.1f}  {halves[1]:z13.1f}  {others:z10.1f}")


# %% The same for every entry, and how the losses fell
def draw() -> Figure:
    figure = Figure(figsize=(9, 4), layout="constrained")
    gradients, losses = figure.subplots(1, 2)
    for name, colour in (("simple", ORANGE), ("gated", BLUE)):
        at_marks = [moves[name][:, t][marked[:, t]].mean() for t in range(TIME)]
        gradients.plot(np.arange(1, TIME + 1), at_marks, color=colour, label=name)
        losses.semilogy(runs[name].history["loss"], color=colour, label=name)
    gradients.set(xlabel="where the mark is", ylabel="slope of the answer there")
    gradients.set_title("What the answer takes from a marked number", loc="left")
    losses.set(xlabel="epoch", ylabel="mean squared error")
    losses.set_title("Loss over epochs", loc="left")
    gradients.legend(frameon=False)
    return figure


# %% Only when asked: --figure adding.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "adding.png", dpi=120)
