"""Handwritten digits: a convolution sees strokes wherever they stand, a plain layer does not."""

import sys

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

import chainrule as cr

digits = load_digits()
images, labels = digits.images[:, None] / 16.0, digits.target
shifted = np.roll(images, 1, axis=3)
seen, new = slice(0, 1200), slice(1200, None)
choices = {"optimizer": cr.Adam(learning_rate=0.004), "seed": 1, "dtype": "float64"}

# %% Two networks
# Kernels of 3 x 3 numbers are the same at all places, and of what each says the largest is kept.
convolution = cr.Network(
    cr.Input((1, 8, 8)),
    cr.Conv(8, 3, activation="relu"),
    cr.Conv(16, 3, activation="relu"),
    cr.Conv(16, 3, activation="relu"),
    cr.GlobalMaxPool(),
    cr.Dense(10),
)
plain = cr.Network(cr.Input((1, 8, 8)), cr.Flatten(), cr.Dense(32, "relu"), cr.Dense(10))
print(convolution)

# %% Trained on 1,200 digits, asked about 597 others, and about the same one pixel to the right
runs = {}
print("\nshare of 597 new digits named right, as they are and one pixel to the right")
print("network      as they are  to the right")
for name, network in (("convolution", convolution), ("plain", plain)):
    run = cr.train(network, images[seen], labels[seen], epochs=15, **choices)
    right = [np.mean(run.predict(x[new]) == labels[new]) for x in (images, shifted)]
    print(f"{name:<11}  {right[0]:11.0%}  {right[1]:12.0%}")
    runs[name] = run

# %% What one of the numbers of a kernel stands for
print("\nconv_1.W[2,0,0,1]: " + runs["convolution"].means("conv_1.W[2,0,0,1]"))


# %% The kernels that were learned, and how the losses fell
def draw() -> Figure:
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subfigures(1, 2)
    kernels = runs["convolution"].network.parameters["conv_1.W"][:, 0]
    most = np.abs(kernels).max()
    for axes, kernel in zip(left.subplots(2, 4).flat, kernels, strict=True):
        axes.imshow(kernel, cmap="PuOr", vmin=-most, vmax=most)
        axes.set_axis_off()
    left.suptitle("Eight kernels of 3 x 3")
    losses = right.subplots()
    for name, style in (("convolution", "-"), ("plain", "--")):
        losses.plot(runs[name].history["loss"], style, color="#1f6fb4", label=name)
    losses.set(xlabel="epoch", ylabel="cross-entropy", yscale="log")
    losses.spines[["top", "right"]].set_visible(False)
    losses.legend(frameon=False)
    return figure


# %% Only when asked: --figure digits.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "digits.png", dpi=120)
