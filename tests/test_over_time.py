"""Targets over time: labels and numbers at each entry of a sequence, and masks that leave some out.

PyTorch's CrossEntropyLoss over (n, classes, time) with ``ignore_index`` is what losses and
gradients are held against.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import chainrule as cr
from chainrule.errors import ChainruleError, DataError, RunFolderError, SetupError, ShapeError
from chainrule.training.records import setup_from_record, to_documents

QUIET: dict[str, Any] = {"progress": False, "readings": 0, "dtype": "float64"}
ROWS, TIME, FEATURES, CLASSES = 14, 6, 3, 4
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(ROWS, TIME, FEATURES))
MASK = np.arange(TIME) < RANDOM.integers(2, TIME + 1, size=(ROWS, 1))
LABELS = RANDOM.integers(0, CLASSES, size=(ROWS, TIME))
# As PyTorch's users mark what is padding.
PADDED = np.where(MASK, LABELS, -100)
WORDS = np.array(["adjective", "noun", "other", "verb"])
BOTH = [X, MASK]


def tagger(outputs: int | None = CLASSES, activation: str | None = None) -> cr.Network:
    sequence, mask = cr.Input((TIME, FEATURES), "sequence"), cr.Input((TIME,), "mask")
    read = cr.LSTM(5, every_step=True, both_ways=True)(sequence, mask)
    return cr.Network(inputs=[sequence, mask], outputs=[cr.Dense(outputs, activation)(read)])


def without_mask(outputs: int | None = CLASSES) -> cr.Network:
    return cr.Network(cr.Input((TIME, FEATURES)), cr.GRU(5, every_step=True), cr.Dense(outputs))


# ---------------------------------------------------------------- against PyTorch


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_and_gradient_are_those_of_pytorch(smoothing: float) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    network = tagger().started(1)
    output = torch.tensor(network(*BOTH), requires_grad=True)
    criterion = torch.nn.CrossEntropyLoss(ignore_index=-100, label_smoothing=smoothing)
    due = criterion(output.transpose(1, 2), torch.tensor(PADDED))
    due.backward()
    loss = cr.loss("cross_entropy", smoothing=smoothing)
    found = cr.backpropagate(network, BOTH, PADDED, loss)
    assert found.loss == pytest.approx(due.item(), rel=1e-12)
    np.testing.assert_allclose(found.gradients["dense_1"], output.grad.numpy(), atol=1e-15)
    traced = cr.gradient(network, BOTH, PADDED, loss)
    for name, made in traced.items():
        np.testing.assert_allclose(made, found.gradients[name], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_five_steps_of_adam_are_those_of_pytorch(engine: str) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    network = without_mask().started(2)
    kept = network.parameters
    gru, dense = torch.nn.GRU(FEATURES, 5, batch_first=True).double(), torch.nn.Linear(5, CLASSES)
    given = {
        gru: {"weight_ih_l0": kept["gru_1.W"].T, "weight_hh_l0": kept["gru_1.U"].T,
              "bias_ih_l0": kept["gru_1.b"], "bias_hh_l0": kept["gru_1.c"]},
        dense.double(): {"weight": kept["dense_1.W"].T, "bias": kept["dense_1.b"]},
    }  # fmt: skip
    for module, content in given.items():
        module.load_state_dict({name: torch.tensor(one.copy()) for name, one in content.items()})
    optimizer = torch.optim.Adam([*gru.parameters(), *dense.parameters()], lr=0.05)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        output = dense(gru(torch.tensor(X))[0]).transpose(1, 2)
        loss = torch.nn.CrossEntropyLoss(ignore_index=-100)(output, torch.tensor(PADDED))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    run = cr.train(
        network, X, PADDED, sample_weight=MASK, epochs=5, batch_size=None, engine=engine,
        optimizer=cr.Adam(0.05), **QUIET,
    )  # fmt: skip
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-9)
    np.testing.assert_allclose(
        run.network.parameters["dense_1.W"].T, dense.weight.detach().numpy(), rtol=1e-6
    )


# ---------------------------------------------------------------- what counts


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_what_is_padded_changes_nothing(engine: str) -> None:
    choices: dict[str, Any] = {"epochs": 3, "batch_size": 5, "engine": engine, **QUIET}
    filled = np.where(MASK, LABELS, RANDOM.integers(0, CLASSES, size=LABELS.shape))
    noisy = np.where(MASK[..., None], X, 7.0)
    one = cr.train(tagger(), BOTH, PADDED, validation=0.3, **choices)
    other = cr.train(tagger(), [noisy, MASK], filled, validation=0.3, **choices)
    for name, column in one.history.items():
        np.testing.assert_allclose(column, other.history[name], rtol=1e-12)
    assert one.classes == (0, 1, 2, 3)


def test_the_loss_of_an_epoch_is_the_mean_over_the_entries_that_count() -> None:
    run = cr.train(
        tagger(), BOTH, PADDED, epochs=1, batch_size=4, learning_rate=0.0, shuffle=False, **QUIET
    )
    shares = run.predict_proba(BOTH)
    each = -np.log(np.take_along_axis(shares, LABELS[..., None], axis=2))[..., 0]
    assert run.history["loss"][0] == pytest.approx(each[MASK].mean(), rel=1e-9)


@pytest.mark.parametrize("way", ["share", "rows", "weights"])
def test_validation_and_metrics_count_what_is_real(way: str) -> None:
    held = slice(10, None)
    seen: list[int] = []

    def right(truth: NDArray[Any], predicted: NDArray[Any]) -> float:
        seen.append(len(truth))
        return float(np.mean(truth == predicted))

    text = np.where(MASK, WORDS[LABELS], "")
    network: cr.Network
    if way == "weights":
        network, rows, known, given = without_mask(None), X[:10], X[held], {}
        given["sample_weight"] = MASK[:10]
        validation: Any = (known, text[held], MASK[held])
    else:
        network, rows = tagger(None), [one[:10] for one in BOTH]
        known, given = [one[held] for one in BOTH], {}
        validation = (known, text[held])
    y = text[:10]
    if way == "share":
        rows, y, validation = BOTH, text, 0.25
    run = cr.train(
        network, rows, y, epochs=2, validation=validation, metrics=["accuracy", right],
        keep="last", **given, **QUIET,
    )  # fmt: skip
    if way == "share":
        chosen = list(run.setup.provenance.validation)
        known, real, due = [one[chosen] for one in BOTH], MASK[chosen], text[chosen]
    else:
        real, due = MASK[held], text[held]
    assert set(seen) == {int(real.sum())}
    predicted = run.predict(known)
    assert predicted.shape == due.shape
    assert run.classes == tuple(WORDS)
    accuracy = np.mean((predicted == due)[real])
    assert run.history["validation_accuracy"][-1] == pytest.approx(accuracy)
    assert run.history["validation_right"][-1] == pytest.approx(accuracy)
    each = np.take_along_axis(
        run.predict_proba(known), np.searchsorted(WORDS, due)[..., None] % CLASSES, axis=2
    )[..., 0]
    loss = -np.log(each[real]).mean()
    assert run.history["validation_loss"][-1] == pytest.approx(loss, rel=1e-6)


def test_weights_of_entries_are_entries_repeated() -> None:
    network = without_mask().started(4)
    weights = RANDOM.integers(0, 3, size=(ROWS, TIME)).astype(float)
    found = cr.backpropagate(network, X, LABELS, "cross_entropy", sample_weight=weights)
    shares = cr.backpropagate(network, X, LABELS, "cross_entropy").values["time_loss"]
    assert found.loss == pytest.approx(np.mean(weights * shares), rel=1e-12)
    rows = np.arange(1.0, ROWS + 1)
    found = cr.backpropagate(network, X, LABELS, "cross_entropy", sample_weight=rows)
    assert found.loss == pytest.approx(np.mean(rows[:, None] * shares), rel=1e-12)


def test_balanced_classes_are_balanced_over_the_entries_that_count() -> None:
    run = cr.train(
        tagger(), BOTH, PADDED, epochs=1, batch_size=None, learning_rate=0.0,
        class_weight="balanced", **QUIET,
    )  # fmt: skip
    shares = run.predict_proba(BOTH)
    each = -np.log(np.take_along_axis(shares, LABELS[..., None], axis=2))[..., 0]
    by_class = [each[MASK & (one == LABELS)].mean() for one in range(CLASSES)]
    assert run.history["loss"][0] == pytest.approx(np.mean(by_class), rel=1e-9)


# ---------------------------------------------------------------- other targets


def test_two_classes_by_the_sign_of_one_output() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    network = tagger(1).started(3)
    wanted = LABELS > 1
    run = cr.train(network, BOTH, wanted, epochs=1, learning_rate=0.0, batch_size=None, **QUIET)
    logits = torch.tensor(network(*BOTH)[..., 0])[torch.tensor(MASK)]
    due = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.tensor(wanted[MASK]).double()
    )
    assert run.history["loss"][0] == pytest.approx(due.item(), rel=1e-12)
    assert run.predict(BOTH).dtype == bool
    np.testing.assert_array_equal(run.predict(BOTH), network(*BOTH)[..., 0] > 0)
    assert run.predict_proba(BOTH).shape == (ROWS, TIME, 2)


@pytest.mark.parametrize("outputs", [1, 2])
def test_numbers_at_each_time(outputs: int) -> None:
    sums = np.cumsum(X, axis=1)[..., :2]
    y = np.where(MASK[..., None], sums, np.nan)
    y = y[..., 0] if outputs == 1 else y
    run = cr.train(
        tagger(None), BOTH, y, epochs=30, validation=0.2, optimizer=cr.Adam(0.05), **QUIET
    )
    found = run.predict(BOTH)
    assert found.shape == y.shape
    assert run.history["loss"][-1] < 0.5 * run.history["loss"][0]
    chosen = list(run.setup.provenance.validation)
    real, said = MASK[chosen], run.predict([one[chosen] for one in BOTH])
    assert run.history["validation_loss"][run.best_epoch - 1] == pytest.approx(
        np.mean((said[real] - y[chosen][real]) ** 2), rel=1e-6
    )
    truth = y[chosen][real]
    missed, spread = (said[real] - truth) ** 2, (truth - truth.mean(axis=0)) ** 2
    assert run.history["validation_r2"][run.best_epoch - 1] == pytest.approx(
        1.0 - missed.sum() / spread.sum(), rel=1e-6
    )


def test_a_function_of_ones_own_gives_one_number_for_each_time(tmp_path: Path) -> None:
    def cubed(prediction: Any, target: Any) -> Any:
        difference = abs(prediction - target)
        return (difference * difference * difference).mean(axis=2)

    y = np.cumsum(X, axis=1)[..., 0]
    run = cr.train(without_mask(1), X, y, loss=cubed, sample_weight=MASK, epochs=2, **QUIET)
    network = run.network
    found = cr.backpropagate(network, X, y[..., None], cubed, sample_weight=MASK / MASK.mean())
    assert found.loss == pytest.approx(np.mean(np.abs(network(X)[..., 0] - y)[MASK] ** 3))
    run.save(tmp_path / "run")
    for loaded in (cr.load(tmp_path / "run"), cr.load(tmp_path / "run", loss=cubed)):
        np.testing.assert_array_equal(loaded.predict(X), run.predict(X))
    with pytest.raises(ShapeError, match=r"returns \(n,\) for n rows of 6 times"):
        cr.train(without_mask(1), X, y, loss=lambda p, t: ((p - t) ** 2).mean(axis=(1, 2)))


def test_a_label_for_the_row_beside_one_at_each_time() -> None:
    sequence, mask = cr.Input((TIME, FEATURES), "sequence"), cr.Input((TIME,), "mask")
    read = cr.GRU(6, every_step=True)(sequence, mask)
    pooled = cr.GlobalMaxPool("time")(read, mask)
    network = cr.Network(inputs=[sequence, mask], outputs=[cr.Dense()(read), cr.Dense(1)(pooled)])
    whole = X.sum(axis=(1, 2))
    run = cr.train(network, BOTH, [PADDED, whole], epochs=2, validation=0.2, **QUIET)
    words, numbers = run.predict(BOTH)
    assert words.shape == (ROWS, TIME)
    assert numbers.shape == (ROWS,)
    network = run.network
    both = cr.backpropagate(network, BOTH, [PADDED, whole], ["cross_entropy", "half_squared_error"])
    assert both.values["time_loss_1"].shape == (ROWS, TIME)
    due = both.values["time_loss_1"][MASK].mean() + both.values["row_loss_2"].mean()
    assert both.loss == pytest.approx(due, rel=1e-12)


def test_rows_and_outputs_have_derivatives_over_time() -> None:
    network = tagger(2).started(5)
    labels = LABELS % 2
    each = cr.per_example_gradients(network, BOTH, labels, "cross_entropy")
    mean = cr.gradient(network, BOTH, labels, "cross_entropy")
    for name, one in mean.items():
        np.testing.assert_allclose(each[name].mean(axis=0), one, rtol=1e-9, atol=1e-13)
    made = cr.jacobian(network, BOTH)["dense_1.b"]
    # Each of the time's outputs has the slope 1 at its own bias, (rows, time * outputs, outputs).
    np.testing.assert_allclose(made, np.tile(np.eye(2), (ROWS, TIME, 1)), atol=1e-14)


# ---------------------------------------------------------------- keeping and going on


def test_a_run_is_saved_gone_on_with_and_resumed(tmp_path: Path) -> None:
    text = np.where(MASK, WORDS[LABELS], "")
    choices: dict[str, Any] = {"validation": 0.2, "class_weight": "balanced", **QUIET}
    whole = cr.train(tagger(None), BOTH, text, epochs=6, **choices)
    part = cr.train(tagger(None), BOTH, text, epochs=4, **choices)
    part.save(tmp_path / "run")
    loaded = cr.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.predict(BOTH), part.predict(BOTH))
    more = cr.train(loaded, BOTH, text, epochs=2, class_weight="balanced", progress=False)
    assert more.history == whole.history
    cut = cr.train(
        tagger(None), BOTH, text, epochs=6, checkpoint=tmp_path / "cut",
        on_epoch=lambda progress: progress.stop() if progress.epoch == 3 else None, **choices,
    )  # fmt: skip
    assert cut.recording.epochs == 3
    resumed = cr.resume(tmp_path / "cut", BOTH, text, class_weight="balanced", progress=False)
    assert resumed.history == cut.history


def test_a_record_whose_target_is_not_over_time_is_refused() -> None:
    run = cr.train(tagger(), BOTH, PADDED, epochs=0, **QUIET)
    documents, _ = to_documents(run)
    setup: Any = documents["setup"]
    assert setup_from_record(setup, run.network).targets == run.setup.targets
    del setup["targets"][0]["over_time"]
    with pytest.raises(RunFolderError, match="differ in whether they are over time"):
        setup_from_record(setup, run.network)


# ---------------------------------------------------------------- what is refused


def two_masks() -> cr.Network:
    sequence, first, second = cr.Input((TIME, 3)), cr.Input((TIME,), "a"), cr.Input((TIME,), "b")
    left = cr.GRU(2, every_step=True)(sequence, first)
    read = cr.GRU(2, every_step=True)(left, second)
    return cr.Network(inputs=[sequence, first, second], outputs=[cr.Dense(CLASSES)(read)])


def train(network: cr.Network, X: Any, y: Any, **given: Any) -> Callable[[], Any]:
    return lambda: cr.train(network, X, y, epochs=1, **{**QUIET, **given})


@pytest.mark.parametrize(
    ("refused", "kind", "parts"),
    [
        (train(tagger(), BOTH, LABELS[:, 0]), ShapeError,
         ["an answer at each time", "leave every_step out", "(14, 6)"]),
        (train(tagger(), BOTH, LABELS[:, :4]), ShapeError, ["an answer at each time"]),
        (train(tagger(3), BOTH, PADDED), ShapeError,
         ["3 numbers for each time", "4 classes"]),
        (train(without_mask(), X, PADDED, sample_weight=MASK[:, :3]), ShapeError,
         ["sample_weight is (14, 3)", "(14, 6)"]),
        (train(without_mask(), X, LABELS, sample_weight=MASK - 1.0), DataError, ["negative"]),
        (train(without_mask(), X, LABELS, sample_weight=np.zeros((ROWS, TIME))), DataError,
         ["nothing above 0"]),
        (train(tagger(), [X, np.zeros_like(MASK)], LABELS), DataError,
         ["The mask 'mask' is False everywhere"]),
        (train(tagger(), BOTH, PADDED, validation=([X[:2], 0 * MASK[:2]], PADDED[:2])), DataError,
         ["False everywhere"]),
        (train(two_masks(), [X, MASK, MASK], PADDED), SetupError,
         ["a or by b", "sample_weight (14, 6)"]),
        (train(tagger(1), BOTH, np.where(LABELS == 2, np.nan, X[..., 0])), DataError,
         ["NaN or infinite at", "in row", "sample_weight"]),
        (train(tagger(), BOTH, np.where(LABELS == 2, None, WORDS[LABELS])), DataError,
         ["missing at", "in row", "sample_weight"]),
        (train(tagger(), BOTH, np.eye(CLASSES)[LABELS], loss="cross_entropy"), DataError,
         ["The target is (14, 6, 4)", "y.argmax(axis=2)"]),
        (train(tagger(1), BOTH, X[..., 0], class_weight="balanced"), SetupError,
         ["class_weight was given for a target of numbers"]),
        (train(cr.Network(cr.Input((3, TIME)), cr.Conv(CLASSES, 3)), X.transpose(0, 2, 1), LABELS),
         ShapeError, ["channels stand first", "Apply('transposed')"]),
        (train(cr.Network(cr.Input((1, 4, 4)), cr.Conv(2, 3)), np.ones((3, 1, 4, 4)), np.eye(3)),
         ShapeError, ["(n, time, numbers)", "Flatten()"]),
        (train(without_mask(), X, LABELS, validation=(X, LABELS, MASK, 1)), SetupError,
         ["validation has 4 parts"]),
        (lambda: cr.gradient(tagger().started(0), BOTH, LABELS[:, 0], "cross_entropy"), ShapeError,
         ["an answer at each time"]),
        (lambda: cr.gradient(without_mask().started(0), X, PADDED, "cross_entropy"), ShapeError,
         ["Labels run from -100"]),
    ],
)  # fmt: skip
def test_refused_with_a_remedy(
    refused: Callable[[], Any], kind: type[ChainruleError], parts: list[str]
) -> None:
    with pytest.raises(kind) as found:
        refused()
    assert found.value.remedy
    for part in parts:
        assert part in str(found.value)


def test_weights_say_what_is_real_where_masks_do_not() -> None:
    run = cr.train(two_masks(), [X, MASK, MASK], PADDED, sample_weight=MASK, epochs=1, **QUIET)
    assert run.classes == (0, 1, 2, 3)


def test_weights_of_a_last_layer_over_time_are_named_by_labels() -> None:
    given: dict[str, Any] = {"epochs": 1, **QUIET}
    run = cr.train(without_mask(), X, WORDS[LABELS], **given)
    assert run.means("dense_1.W[2,1]") == "from unit 2 of gru_1 to the target = noun"


def test_shorter_sequences_are_to_be_filled_up() -> None:
    network = tagger().started(0)
    with pytest.raises(ShapeError, match=r"shape \(6, 3\): fill shorter sequences up"):
        network(X[:, :4], MASK[:, :4])
    with pytest.raises(ShapeError, match=r"shape \(6,\): fill shorter sequences up"):
        network(X, MASK[:, :4])
    with pytest.raises(ShapeError, match=r"Give rows of the shape \(6,\)\."):
        network(X, MASK[..., None])
