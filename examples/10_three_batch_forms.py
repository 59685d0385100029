"""All rows, some rows, one row at a time: 100 epochs are 100, 400 or 10,000 steps."""

import numpy as np

import chainrule as cr

# %% A hundred points of a curve
x = np.linspace(-1.0, 1.0, 100)[:, None]
y = np.sin(3.0 * x)
network = cr.Network(cr.Input(1), cr.Dense(8, "tanh"), cr.Dense(1), seed=1)

# %% The same network, the same rule, the same number of passes over the rows
forms = (("all rows (batch)", None), ("25 rows (mini-batch)", 25), ("one row (stochastic)", 1))
for words, batch_size in forms:
    run = cr.train(
        network, x, y, optimizer=cr.GradientDescent(learning_rate=0.05), epochs=100,
        batch_size=batch_size, seed=1, readings=0,
    )  # fmt: skip
    steps = run.state.step
    first, last = run.history["loss"][0], run.history["loss"][-1]
    print(f"{words:21} {steps:6,} steps, loss from {first:.3f} to {last:.4f}")
