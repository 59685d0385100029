"""Five training algorithms side by side: which are ahead, and whether by more than chance."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

# %% One period of a sine, and a network of 1-5-1
# The first problem on the page of MATLAB's guide to training functions, and its goal.
X = np.linspace(-1.0, 1.0, 41)[:, None]
y = np.sin(np.pi * X)
network = cr.Network(cr.Dense(5, "tanh"), cr.Dense(1))
GOAL = 0.002

# %% Ten starts each, the same for all
# A seed decides the first weights. Nothing is held out: it is about reaching the goal.
# An iteration of Levenberg-Marquardt is much more work than a step, so that it gets fewer of them.
steps = {
    "gradient descent": cr.GradientDescent(learning_rate=0.1),
    "momentum": cr.Momentum(learning_rate=0.1),
    "adam": cr.Adam(learning_rate=0.02),
    "irprop_minus": "irprop_minus",
}
settings = {label: {"optimizer": one, "epochs": 8000} for label, one in steps.items()}
settings["levenberg_marquardt"] = {"optimizer": "levenberg_marquardt", "epochs": 80}
found = cr.compare(
    network, X, y, settings=settings, seeds=10, goal=GOAL,
    validation=0.0, batch_size=None, dtype="float64", progress=False,
)  # fmt: skip
print(f"{len(found.trials)} trainings, the same starts for all: {found.same_starts}")

# %% How many reach the goal, and after how many epochs
# The picture has the seconds, too, by which steps and iterations can be compared.
by_label = {one.label: one for one in found.summaries}
for label in settings:
    one = by_label[label]
    often = f"{one.reached:2} of {one.trainings} reach a loss of {GOAL}"
    about = round(one.epochs, -2 if one.epochs > 100 else -1) if one.reached else None
    print(f"{label:20} {often}" + (f", median {about:5,.0f} epochs" if about else ""))

# %% Is the difference more than the spread over starts?
# Wilcoxon's signed rank test on the losses of the ten starts, corrected for ten pairs by Holm.
for pair in found.differences:
    if pair.first == "gradient descent":
        verdict = "more than" if pair.is_clear else "within"
        often = f"in {pair.higher} of {pair.seeds} starts"
        print(f"{pair.second:20} is lower than gradient descent {often}: {verdict} the spread")


# %% The losses against epochs and against seconds
def draw() -> Figure:
    return found.plot()


# %% Only when asked: --figure comparing.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "comparing.png", dpi=120)
