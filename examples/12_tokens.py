"""Tokens: attention compares places, so it can say whether the first letter comes again."""

import sys

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

LETTERS = "abcdefgh"
random = np.random.default_rng(0)
tokens = random.integers(0, len(LETTERS), size=(3000, 6))
again = (tokens[:, 1:] == tokens[:, :1]).any(axis=1)
seen, new = slice(0, 2400), slice(2400, None)
choices = {"optimizer": cr.Adam(learning_rate=0.01), "seed": 1, "dtype": "float64"}

# %% With attention: each place takes from the places that suit it, and its own are added
word = cr.Input((6,), name="word")
letters = cr.Embedding(len(LETTERS), 16, start="glorot_normal")(word)
looked = cr.Residual(cr.Attention(heads=2))(letters)
answer = cr.Dense(1)(cr.Dense(32, "relu")(cr.Flatten()(looked)))
attention = cr.Network(inputs=[word], outputs=[answer])
print(attention)

# %% Without it: the mean of the letters knows which ones are there, not which one is first
mean = cr.Network(
    cr.Input((6,)),
    cr.Embedding(len(LETTERS), 16, start="glorot_normal"),
    cr.GlobalAveragePool(over="time"),
    cr.Dense(32, "relu"),
    cr.Dense(1),
)

runs = {}
print("\nDoes the first letter come again? Share of 600 new words answered right")
print(f"always yes       {again[new].mean():4.0%}")
for name, network in (("mean of letters", mean), ("attention", attention)):
    runs[name] = cr.train(network, tokens[seen], again[seen], epochs=20, **choices)
    right = np.mean(runs[name].predict(tokens[new]) == again[new])
    print(f"{name:<16} {right:4.0%}")

# %% Four words, and how probable attention finds it
print("\nword    again  probability")
words = ("abcdea", "abcdef", "hhgfed", "gabcde")
rows = np.array([[LETTERS.index(letter) for letter in one] for one in words])
for text, share in zip(words, runs["attention"].predict_proba(rows)[:, 1], strict=True):
    print(f"{text}  {text[0] in text[1:]!s:>5}  {share:11.1f}")


# %% How the losses fell
def draw() -> Figure:
    figure = Figure(figsize=(8, 4), layout="constrained")
    losses = figure.subplots()
    for name, style in (("mean of letters", "--"), ("attention", "-")):
        losses.plot(runs[name].history["loss"], style, color="#1f6fb4", label=name)
    losses.set(xlabel="epoch", ylabel="cross-entropy")
    losses.set_title("Does the first letter come again?", loc="left")
    losses.spines[["top", "right"]].set_visible(False)
    losses.legend(frameon=False)
    return figure


# %% Only when asked: --figure tokens.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "tokens.png", dpi=120)
