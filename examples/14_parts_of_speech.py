"""A label for each word: what "old" and "man" are can depend on the words behind them."""

import numpy as np

import chainrule as cr

WORDS = {
    "determiner": ("the", "a"),
    "adjective": ("old", "young"),
    "noun": ("boat", "fish", "man", "old", "young"),
    "verb": ("fish", "man", "see"),
}
NUMBER = {
    word: place for place, word in enumerate(sorted({w for ws in WORDS.values() for w in ws}))
}

# %% Every sentence of a small grammar: (adjective) noun, verb, (adjective) noun
phrases = (("determiner", "noun"), ("determiner", "adjective", "noun"))
kinds = [(*left, "verb", *right) for left in phrases for right in phrases]
sentences = []
for parts in kinds:
    texts = [()]
    for part in parts:
        texts = [(*text, word) for text in texts for word in WORDS[part]]
    sentences += [(text, parts) for text in texts]
rows, longest = len(sentences), max(map(len, kinds))

# %% As arrays: shorter sentences are filled up, and a mask says where a word is
words = np.zeros((rows, longest), dtype=int)
labels = np.full((rows, longest), "", dtype=object)
for row, (text, parts) in enumerate(sentences):
    words[row, : len(text)] = [NUMBER[word] for word in text]
    labels[row, : len(parts)] = parts
mask = labels != ""
order = np.random.default_rng(0).permutation(rows)
seen, new = order[:600], order[600:]

# %% Three networks: each word by itself, with the words before it, and with those behind it too
token, real = cr.Input((longest,), name="words"), cr.Input((longest,), name="mask")
vectors = cr.Embedding(len(NUMBER), 8)(token)
forwards = cr.GRU(16, every_step=True)(vectors, real)
both = cr.GRU(16, every_step=True, both_ways=True)(vectors, real)
networks = {
    "the word": cr.Network(inputs=[token], outputs=[cr.Dense()(vectors)]),
    "and those before": cr.Network(inputs=[token, real], outputs=[cr.Dense()(forwards)]),
    "and those behind": cr.Network(inputs=[token, real], outputs=[cr.Dense()(both)]),
}
print(f"{rows} sentences, {len(seen)} to learn from, {len(new)} new ones")
print("\nwhat is seen        new words right  new sentences right")
choices = {"optimizer": cr.Adam(learning_rate=0.01), "epochs": 20, "seed": 1, "dtype": "float64"}
runs = {}
for name, network in networks.items():
    given = {"words": words, "mask": mask} if len(network.input_names) > 1 else {"words": words}
    learned, asked = ([one[part] for one in given.values()] for part in (seen, new))
    single = len(given) == 1
    # Where the mask is False nothing counts; the network of words alone is told so by weights.
    runs[name] = cr.train(
        network,
        learned[0] if single else learned,
        labels[seen],
        sample_weight=mask[seen] if single else None,
        **choices,
    )
    right = runs[name].predict(asked[0] if single else asked) == labels[new]
    whole = (right | ~mask[new]).all(axis=1)
    print(f"{name:<18}  {right[mask[new]].mean():15.0%}  {whole.mean():19.0%}")

# %% The same three words, and what decides between them
asked = ("the old man the boat", "the old man see the boat")
numbers = np.zeros((2, longest), dtype=int)
there = np.zeros((2, longest), dtype=bool)
for row, text in enumerate(asked):
    numbers[row, : len(text.split())] = [NUMBER[word] for word in text.split()]
    there[row, : len(text.split())] = True
print()
for text, said in zip(asked, runs["and those behind"].predict([numbers, there]), strict=True):
    print("  ".join(f"{word} ({part})" for word, part in zip(text.split(), said, strict=False)))
