"""Layers of sequences: tokens, masks and attention, the kinds of inputs, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import chainrule as cr
from chainrule.errors import ChainruleError
from chainrule.network.backpropagation import backpropagate, gradient
from chainrule.network.derivatives import input_jacobian, per_example_gradients
from chainrule.network.layers import Layer

QUIET: dict[str, Any] = {"progress": False}
TOKENS = np.array([[1, 2, 1, 0], [3, 3, 0, 2]])


def sequences(rows: int = 3, shape: tuple[int, int] = (4, 6)) -> NDArray[Any]:
    return np.random.default_rng(0).normal(size=(rows, *shape))


def masked(layer: cr.Attention, rows: cr.Input, mask: cr.Input) -> cr.Network:
    network = cr.Network(inputs=[rows, mask], outputs=[layer(rows, mask)], seed=1)
    random = np.random.default_rng(2)
    return network.with_parameters(
        {name: random.normal(size=one.shape) for name, one in network.parameters.items()}
    )


# ---------------------------------------------------------------- embedding


def test_an_embedding_is_a_row_of_its_table() -> None:
    network = cr.Network(cr.Input(4), cr.Embedding(5, 3), seed=0)
    table = network.parameters["embedding_1.table"]
    assert table.shape == (5, 3)
    np.testing.assert_array_equal(network(TOKENS), table[TOKENS])
    assert network.plan.kinds == {"x": "integer"}
    assert network.plan.choices == {"x": 5}


def test_a_row_of_the_table_gains_from_every_place_of_its_token() -> None:
    network = cr.Network(cr.Input(4), cr.Embedding(5, 2), cr.Flatten(), seed=0)
    look = backpropagate(network, TOKENS, np.zeros((2, 8)))
    at_places = look.gradients["embedding_1"]
    for token in range(5):
        due = at_places[token == TOKENS].sum(axis=0)
        np.testing.assert_allclose(look.gradients["embedding_1.table"][token], due)
    assert not look.gradients["embedding_1.table"][4].any()


def test_whole_numbers_that_are_written_as_floats_are_tokens() -> None:
    network = cr.Network(cr.Input(4), cr.Embedding(5, 3), seed=0)
    np.testing.assert_array_equal(network(TOKENS.astype(float)), network(TOKENS))


def test_gradients_of_single_rows_of_tokens() -> None:
    network = cr.Network(cr.Input(4), cr.Embedding(5, 2), cr.Flatten(), cr.Dense(1), seed=0)
    y = np.array([[1.0], [-2.0]])
    rows = per_example_gradients(network, TOKENS, y)
    for place in range(2):
        alone = gradient(network, TOKENS[place : place + 1], y[place : place + 1])
        for name, one in alone.items():
            np.testing.assert_allclose(rows[name][place], one, rtol=1e-12, atol=1e-15)


def test_what_a_number_of_a_table_means() -> None:
    network = cr.Network(cr.Input(4), cr.Embedding(5, 2), cr.Flatten(), cr.Dense())
    run = cr.train(network, np.tile(TOKENS, (4, 1)), np.arange(8) % 2, epochs=1, **QUIET)
    assert run.means("embedding_1.table[3,1]") == "token 3 as unit 1 of embedding_1"


# ---------------------------------------------------------------- attention


def test_a_place_of_causal_attention_knows_nothing_of_later_ones() -> None:
    network = cr.Network(cr.Input((4, 6)), cr.Attention(2, causal=True), seed=0)
    x = sequences()
    moved = x.copy()
    moved[:, 2:] += 5.0
    assert np.array_equal(network(x)[:, :2], network(moved)[:, :2])
    assert not np.allclose(network(x)[:, 2], network(moved)[:, 2])
    slopes = input_jacobian(cr.Network(
        cr.Input((4, 6)), cr.Attention(2, causal=True), cr.GlobalAveragePool("time"), seed=0
    ), x)  # fmt: skip
    assert np.isfinite(slopes).all()


def test_what_is_masked_changes_nothing() -> None:
    network = masked(cr.Attention(3), cr.Input((4, 6), "rows"), cr.Input((4,), "mask"))
    x = sequences()
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 0]], dtype=bool)
    moved = np.where(mask[..., None], x, x + 100.0)
    made, again = network(x, mask), network(moved, mask)
    np.testing.assert_array_equal(made[mask], again[mask])
    alone = network.parameters
    lonely = x[2, 1] @ alone["attention_1.value.W"] + alone["attention_1.value.b"]
    due = lonely @ alone["attention_1.output.W"] + alone["attention_1.output.b"]
    np.testing.assert_allclose(made[2], np.tile(due, (4, 1)), rtol=1e-12)


def test_a_row_without_any_token_gives_the_bias_and_no_nan() -> None:
    network = masked(cr.Attention(2), cr.Input((4, 6), "rows"), cr.Input((4,), "mask"))
    x, mask = sequences(2), np.array([[False] * 4, [True] * 4])
    due = network.parameters["attention_1.output.b"]
    np.testing.assert_array_equal(network(x, mask)[0], np.tile(due, (4, 1)))
    rows, real = cr.Input((4, 6), "rows"), cr.Input((4,), "mask")
    pooled = cr.GlobalAveragePool("time")(cr.Attention(2)(rows, real), real)
    head = cr.Network(inputs=[rows, real], outputs=[cr.Dense(1)(pooled)], seed=0)
    made = gradient(head, [x, mask], np.ones((2, 1)))
    assert all(np.isfinite(one).all() for one in made.values())


def test_attention_of_no_bias_and_its_names() -> None:
    network = cr.Network(cr.Input((4, 6)), cr.Attention(2, bias=None, name="look"), seed=0)
    assert list(network.parameters) == [
        f"look.{part}.W" for part in ("query", "key", "value", "output")
    ]
    assert "query, key, value, output: W 6 x 6" in str(network)


# ---------------------------------------------------------------- a mean over time


def test_a_mean_over_real_times() -> None:
    rows, mask = cr.Input((4, 6), "rows"), cr.Input((4,), "mask")
    network = cr.Network(inputs=[rows, mask], outputs=[cr.GlobalAveragePool("time")(rows, mask)])
    x, real = sequences(), np.array([[1, 1, 1, 1], [0, 1, 1, 0], [0, 0, 0, 0]])
    made = network(x, real)
    np.testing.assert_allclose(made[0], x[0].mean(axis=0))
    np.testing.assert_allclose(made[1], x[1, 1:3].mean(axis=0))
    assert not made[2].any()


def test_a_maximum_over_real_times() -> None:
    rows, mask = cr.Input((4, 6), "rows"), cr.Input((4,), "mask")
    pooled = cr.GlobalMaxPool("time")(rows, mask)
    network = cr.Network(inputs=[rows, mask], outputs=[pooled])
    x, real = sequences(), np.array([[1, 1, 1, 1], [0, 1, 1, 0], [0, 0, 0, 0]])
    x[1, 0], x[1, 3] = 50.0, x[1, 1]
    made = network(x, real)
    np.testing.assert_array_equal(made[0], x[0].max(axis=0))
    np.testing.assert_array_equal(made[1], x[1, 1:3].max(axis=0))
    assert not made[2].any()
    found = cr.backpropagate(network, [x, real], made - 1.0).gradients["rows"]
    # With this target the gradient at the output is 1 over the number of rows.
    np.testing.assert_allclose(3 * found[1, 1:3], x[1, 1:3] == made[1])
    assert not found[1, [0, 3]].any()
    assert not found[2].any()


def test_features_of_sequences_are_joined() -> None:
    rows = cr.Input((4, 6))
    left, right = cr.Dense(2)(rows), cr.LayerNorm()(rows)
    network = cr.Network(inputs=[rows], outputs=[cr.Concatenate()(left, right)], seed=0)
    assert network(sequences()).shape == (3, 4, 8)
    by_choice = cr.Concatenate("features")(rows, rows)
    assert cr.Network(inputs=[rows], outputs=[by_choice])(sequences()).shape == (3, 4, 12)
    channels = cr.Concatenate("channels")(rows, rows)
    assert cr.Network(inputs=[rows], outputs=[channels])(sequences()).shape == (3, 8, 6)


def test_a_sequence_becomes_channels_for_a_convolution() -> None:
    layers = (cr.Embedding(5, 3), cr.Apply("transposed"), cr.Conv(4, 2), cr.GlobalMaxPool())
    network = cr.Network(cr.Input(4), *layers, cr.Dense(1), seed=0)
    assert network.plan.shapes["conv_1"] == (4, 4)
    assert gradient(network, TOKENS, np.zeros((2, 1)))["embedding_1.table"].any()


# ---------------------------------------------------------------- whole trainings


def repeated(rows: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Tokens, and whether the first one comes again."""
    random = np.random.default_rng(3)
    tokens = random.integers(0, 6, size=(rows, 5))
    return tokens, (tokens[:, 1:] == tokens[:, :1]).any(axis=1)


def test_tokens_are_learned_saved_and_gone_on_with(tmp_path: Path) -> None:
    x, y = repeated(300)
    tokens = cr.Input((5,))
    embedded = cr.Embedding(6, 8, start="glorot_normal")(tokens)
    seen = cr.Residual(cr.Attention(2), name="look")(embedded)
    output = cr.Dense(1)(cr.Dense(16, "tanh")(cr.Flatten()(seen)))
    network = cr.Network(inputs=[tokens], outputs=[output])
    choices = {"optimizer": cr.Adam(learning_rate=0.01), "seed": 1, **QUIET}
    run = cr.train(network, x, y, epochs=2, **choices)
    run.save(tmp_path / "run")
    again = cr.load(tmp_path / "run")
    assert again.network.plan.kinds == {"x": "integer"}
    np.testing.assert_array_equal(again.predict_proba(x), run.predict_proba(x))
    whole = cr.train(network, x, y, epochs=5, **choices)
    more = cr.train(run, epochs=3, progress=False)
    for name, one in whole.network.parameters.items():
        np.testing.assert_array_equal(more.network.parameters[name], one)
    assert whole.history["loss"][-1] < whole.history["loss"][0]


def test_a_mask_and_tokens_are_trained_with_two_heads() -> None:
    x, y = repeated(40)
    mask = np.arange(5) < np.random.default_rng(1).integers(1, 6, size=(40, 1))
    tokens, real = cr.Input((5,), name="tokens"), cr.Input((5,), name="real")
    seen = cr.Attention(2)(cr.Embedding(6, 4)(tokens), real)
    pooled = cr.GlobalAveragePool(over="time")(seen, real)
    network = cr.Network(inputs=[tokens, real], outputs=[cr.Dense(2)(pooled), cr.Dense(1)(pooled)])
    run = cr.train(
        network, {"tokens": x, "real": mask}, [y, x.sum(axis=1) * 1.0], epochs=2, **QUIET
    )
    labels, numbers = run.predict([x, mask])
    assert labels.dtype == bool
    assert numbers.shape == (40,)
    assert network.plan.kinds == {"tokens": "integer", "real": "boolean"}


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        (TOKENS + 2, ["holds 5 in row 1", "whole numbers from 0 to 4", "Embedding(6, ...)"]),
        (TOKENS - 1, ["holds -1 in row 0", "Give whole numbers from 0 to 4"]),
        (TOKENS + 0.5, ["holds 1.5 in row 0", "embedding_1, Embedding(5, 3)"]),
        (TOKENS[:, :3], ["n 4 as 'x'", "(2, 3)"]),
    ],
)
def test_tokens_that_are_none(rows: NDArray[Any], parts: list[str]) -> None:
    network = cr.Network(cr.Input(4), cr.Embedding(5, 3), cr.Flatten(), cr.Dense(1), seed=0)
    for use in (network, lambda x: cr.train(network, x, np.arange(2.0), epochs=1, **QUIET)):
        with pytest.raises(ChainruleError) as found:
            use(rows)
        shown = parts[:1] if rows.shape != TOKENS.shape else parts
        assert all(part in str(found.value) for part in shown)


def test_validation_tokens_are_checked_too() -> None:
    network = cr.Network(cr.Input(4), cr.Embedding(5, 3), cr.Flatten(), cr.Dense(1))
    y = np.arange(2.0)
    with pytest.raises(ChainruleError, match="holds 5 in row 1"):
        cr.train(network, TOKENS, y, validation=(TOKENS + 2, y), epochs=1, **QUIET)


def test_a_mask_holds_truth_values() -> None:
    network = masked(cr.Attention(2), cr.Input((4, 6), "rows"), cr.Input((4,), "mask"))
    with pytest.raises(ChainruleError, match=r"holds 0\.5 in row 1, and attention_1") as found:
        network(sequences(2), np.array([[1.0] * 4, [0.5] * 4]))
    assert "True where" in found.value.remedy


def graph(*outputs: Any, inputs: list[cr.Input]) -> cr.Network:
    return cr.Network(inputs=inputs, outputs=list(outputs))


def read_twice() -> cr.Network:
    rows = cr.Input(4)
    return graph(cr.Embedding(5, 3)(rows), cr.Dense(2)(rows), inputs=[rows])


def row_of(*layers: Layer, shape: tuple[int, ...] = (4, 6)) -> Any:
    return lambda: cr.Network(cr.Input(shape), *layers)


def joined() -> cr.Network:
    rows = cr.Input((4, 6))
    return graph(cr.Concatenate()(rows, rows), inputs=[rows])


def called_on_three() -> cr.Network:
    rows, mask = cr.Input((4, 6)), cr.Input((4,))
    return graph(cr.Attention()(rows, mask, mask), inputs=[rows, mask])


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (read_twice, ["takes numbers from x", "whole numbers that choose", "input of its own"]),
        (row_of(cr.Dense(3), cr.Embedding(4, 2), shape=(4,)), ["from dense_1, which are numbers"]),
        (row_of(cr.Embedding(4, 2), cr.Conv(3, 2), shape=(4,)), ["sequence", "transposed"]),
        (row_of(cr.Embedding(4, 2), cr.GlobalAveragePool(), shape=(4,)), ["over='time'"]),
        (row_of(cr.Attention(4)), ["4 heads cannot share 6 features", "such as 6"]),
        (row_of(cr.Attention(), shape=(4,)), ["(n, time, features)", "Embedding()"]),
        (row_of(cr.GlobalMaxPool("time"), shape=(4,)), ["(n, 4)"]),
        (joined, ["Concatenate('channels')"]),
        (called_on_three, ["perhaps a mask"]),
        (lambda: cr.Embedding(0, 3), ["vocabulary=0"]),
        (lambda: cr.Embedding(4, 1.5), ["width=1.5"]),
        (lambda: cr.Attention(0), ["heads=0"]),
        (lambda: cr.Attention(causal=1), ["causal=1"]),
        (lambda: cr.LayerNorm(0.0), ["epsilon=0.0"]),
    ],
)
def test_refused_with_a_remedy(make: Any, parts: list[str]) -> None:
    with pytest.raises(ChainruleError) as found:
        make()
    assert found.value.remedy
    for part in parts:
        assert part in str(found.value)
