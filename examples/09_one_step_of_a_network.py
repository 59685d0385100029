"""The step that many have followed by hand: error 0.298371109, then 0.291027774 or 0.280471447."""

import sys

from matplotlib.figure import Figure

import chainrule as cr

BLUE, ORANGE = "#1f6fb4", "#c2570c"

# %% Two inputs, two hidden units, two outputs, all sigmoid: the weights of Mazur's walk-through
# Matt Mazur, "A step by step backpropagation example", 2015.
x, t, rate = [[0.05, 0.10]], [[0.01, 0.99]], 0.5
start = {
    "hidden.W": [[0.15, 0.25], [0.20, 0.30]],
    "hidden.b": [0.35, 0.35],
    "output.W": [[0.40, 0.50], [0.45, 0.55]],
    "output.b": [0.60, 0.60],
}
hidden, output = cr.Dense(2, "sigmoid", name="hidden"), cr.Dense(2, "sigmoid", name="output")
network = cr.Network(cr.Input(2), hidden, output, parameters=start)

# %% Forward: sums, outputs, error
look = cr.backpropagate(network, x, t, "half_squared_error")
for layer in ("hidden", "output"):
    sums, outputs = look.values[f"{layer}.linear"][0], look.values[layer][0]
    for unit in (0, 1):
        print(f"{layer} {unit + 1}: sum {sums[unit]:.9f}, output {outputs[unit]:.9f}")
print(f"total error: {look.loss:.9f}\n")

# %% Backward: the slope at each weight
for name in ("output.W", "hidden.W"):
    for number, slope in enumerate(look.gradients[name].T.reshape(-1), start=1):
        print(f"slope at weight {number} of {name}: {slope:.9f}")
why = cr.explain(network, "output.W[0,0]", x=x[0], y=t[0], loss="half_squared_error").tree
factors = [node.terms[0].factors[0].value for node in why if node.terms][2::-1]
print("weight 1 of output.W, by the chain rule:", *(f"{one:.9f} *" for one in factors[:2]), end=" ")
print(f"{factors[2]:.9f} = {why.value:.9f}\n")

# %% One step: he leaves the biases as they are; with them trained, the error falls further
errors = {}
for frozen, words in ((["*.b"], "biases frozen"), ([], "biases trained")):
    run = cr.train(
        network, x, t, loss="half_squared_error", optimizer=cr.GradientDescent(rate),
        epochs=1_001, freeze=frozen, dtype="float64", readings=0,
    )  # fmt: skip
    errors[words] = run.history["loss"]
    print(f"{words}: error {errors[words][0]:.9f}, after a step {errors[words][1]:.9f}", end="")
    print(f", after 1,000 {errors[words][1_000]:.7f}")


# %% The error over the steps
def draw() -> Figure:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.loglog(errors["biases frozen"], color=BLUE, label="biases frozen")
    axes.loglog(errors["biases trained"], color=ORANGE, linestyle="--", label="biases trained")
    axes.set(xlabel="step", ylabel="error (half the summed squares)")
    axes.set_title("The error over 1,000 steps", loc="left")
    axes.legend(frameon=False)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


# %% Only when asked: --figure one_step_of_a_network.png
if sys.argv[1:2] == ["--figure"]:
    draw().savefig(sys.argv[2] if sys.argv[2:] else "one_step_of_a_network.png", dpi=120)
