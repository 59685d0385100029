"""Receipts: replays have the bits of the run, rules are those that trained, and parts add up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jsonschema
import numpy as np
import pytest
from first_order_rules import STEPPING

import chainrule as cr
from chainrule.arrays import Array, sqrt, sum_over, zeros_like
from chainrule.explanation.plain_numbers import plain_number
from chainrule.explanation.updates.receipts import Receipt, receipt
from chainrule.explanation.updates.replay import Replay
from chainrule.optimizers import OPTIMIZERS
from chainrule.training.run import Run

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 3))
Y = np.tanh(X @ [1.0, -2.0, 0.5]) + 0.1 * RNG.normal(size=40)
W = "dense_1.W[1,2]"
SCHEMA = json.loads(
    (Path(__file__).parent.parent / "docs" / "receipt.schema.json").read_text(encoding="utf-8")
)


def trained(optimizer: Any = "adam", **given: Any) -> Run:
    given = {"epochs": 12, "seed": 1, "progress": False, "batch_size": 10, **given}
    if given["batch_size"] == 10 and isinstance(optimizer, str):
        given["batch_size"] = "auto"
    layers = given.pop("layers", (cr.Dense(4, "tanh"), cr.Dense()))
    return cr.train(cr.Network(*layers), X, Y, optimizer=optimizer, **given)


def parts_add_up(found: Receipt, dtype: str = "float32") -> None:
    shares = found.shares
    total = shares.share.sum() + shares.remembered + shares.weights + shares.rest
    assert total == pytest.approx(1.0)
    # A step is the difference of two weights, each of which was rounded.
    grain = np.finfo(dtype).eps * (abs(found.before) + found.parts.size)
    assert abs(found.parts.rest) <= 4 * grain
    assert found.parts.total == pytest.approx(found.change, abs=1e-300)


# ---- the bits, for every rule ----


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", STEPPING)
def test_a_replay_has_the_bits_of_the_run(name: str, dtype: str) -> None:
    given = {"l2": 0.01, "l1": 0.001, "weight_decay": 0.01, "clip_norm": 0.4}
    run = trained(name, dtype=dtype, **given)
    replay = Replay(run)
    assert replay.before(replay.count).parameters is run.state.parameters
    for step in (0, replay.count // 2, replay.count - 1):
        found = receipt(replay, W, step)
        assert found.exact
        assert found.compared >= 1
        # The rule, read as equations, gives the number that the engine gave.
        assert found.recomputed == found.after
        assert found.rule_exact
        parts_add_up(found, dtype)
    last = run.network.parameters["dense_1.W"][1, 2]
    assert found.after == float(np.asarray(last, dtype=dtype))


@pytest.mark.parametrize("engine", ["reference", "auto"])
@pytest.mark.parametrize(
    "given",
    [
        {"rates": {"dense_1.*": 0.3}},
        {"learning_rate": cr.CosineDecay(0.02, epochs=12)},
        {"learning_rate": cr.ReduceOnPlateau(0.5, patience=1)},
        {"validation": 0.2, "patience": 3},
        {"freeze": ["dense_2.b"]},
        {"clip_value": 0.01},
        {"layers": (cr.Dense(4, "tanh"), cr.Dropout(0.3), cr.Dense())},
        {"layers": (cr.Dense(4), cr.BatchNorm(), cr.Activation("tanh"), cr.Dense())},
    ],
)
def test_a_replay_of_other_settings(engine: str, given: dict[str, Any]) -> None:
    run = trained(cr.Momentum(0.05), engine=engine, **given)
    found = receipt(run, W, run.state.step - 1)
    assert (found.exact, found.recomputed) == (True, found.after)
    parts_add_up(found)


def test_a_learning_rate_that_a_hook_sets() -> None:
    def lowered(progress: Any) -> None:
        if progress.epoch == 5:
            progress.learning_rate = 0.001

    run = trained(cr.Momentum(0.1), on_epoch=lowered)
    before, after = (receipt(run, W, step) for step in (19, 20))
    assert (before.rate, after.rate) == (0.1, 0.001)
    assert before.exact
    assert after.exact


@pytest.mark.parametrize(
    "given", [{"learning_rate": 0.02}, {"optimizer": "adam"}, {"batch_size": 7}]
)
def test_a_run_that_went_on_with_something_changed(given: dict[str, Any]) -> None:
    run = cr.train(trained(cr.Momentum(0.05), snapshots=2), epochs=4, progress=False, **given)
    found = receipt(run, W, run.state.step - 1)
    assert (found.exact, found.recomputed) == (True, found.after)
    parts_add_up(found)
    if "learning_rate" in given:
        assert receipt(run, W, 3).exact
    else:
        with pytest.raises(cr.SetupError, match="Step 3 was taken with other settings"):
            receipt(run, W, 3)


# ---- from the nearest snapshot ----


def test_a_replay_begins_at_the_nearest_snapshot(tmp_path: Path) -> None:
    run = trained(cr.Adam(0.01), epochs=40, snapshots=5)
    found = receipt(run, W, 130)
    # The nearest is at 120; but 0.9 to the power of 30 is still a twentieth of the mean.
    assert found.parts.first == 60
    whole = receipt(trained(cr.Adam(0.01), epochs=40), W, 130)
    assert whole.parts.first == 0
    assert (found.before, found.after, found.lines) == (whole.before, whole.after, whole.lines)
    assert found.shares.remembered == pytest.approx(whole.shares.share[:60].sum(), rel=1e-3)
    assert 0 < abs(found.shares.remembered) < 0.01
    assert receipt(run, W, 120).parts.first == 60
    run.save(tmp_path / "run")
    again = cr.resume(tmp_path / "run", X, Y)
    assert receipt(again, W, 130).to_dict() == found.to_dict()
    with pytest.raises(cr.DataError, match="loaded from a folder"):
        receipt(cr.load(tmp_path / "run"), W, 130)


def test_where_calls_of_the_engine_end_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained(cr.Adam(0.01))
    found = receipt(run, W, 40)
    monkeypatch.setattr("chainrule.explanation.updates.replay.STEPS_TOGETHER", 3)
    again = receipt(run, W, 40)
    assert again.exact
    assert again.to_dict() == found.to_dict()


# ---- the parts, against others ----


def gradients_of(run: Run, w: str, place: tuple[int, ...]) -> np.ndarray:
    """The gradient at one weight before each step of a run with all rows and snapshots=1."""
    network, found = run.setup.network, []
    for step in range(run.state.step):
        if step:
            network = network.with_parameters(run.recording.snapshots[step])
        slope = cr.gradient(network, X, Y[:, None], "mean_squared_error")
        found.append(slope[w][place])
    return np.array(found)


@pytest.mark.parametrize(
    ("optimizer", "weights"),
    [
        (cr.GradientDescent(0.1), lambda back, t: -0.1 * (back == 0)),
        (cr.Momentum(0.1, memory=0.8), lambda back, t: -0.1 * 0.8**back),
        (cr.Nesterov(0.1, memory=0.8), lambda back, t: -0.1 * (0.8 ** (back + 1) + (back == 0))),
    ],
)
def test_shares_of_rules_that_are_linear_in_their_gradients(optimizer: Any, weights: Any) -> None:
    run = trained(optimizer, batch_size=None, dtype="float64", snapshots=1, epochs=15)
    slopes = gradients_of(run, "dense_1.W", (1, 2))
    back = np.arange(14, -1, -1)
    run.recording.snapshots.clear()
    found = receipt(run, W, 14)
    np.testing.assert_allclose(found.parts.gradients, weights(back, 15) * slopes, rtol=1e-9)
    assert found.plain == pytest.approx(slopes[-1], rel=1e-9)


def test_shares_of_adam_are_its_weights_of_history() -> None:
    run = trained(cr.Adam(0.02), batch_size=None, dtype="float64", snapshots=1, epochs=20)
    slopes = gradients_of(run, "dense_1.W", (1, 2))
    run.recording.snapshots.clear()
    found = receipt(run, W, 19)
    history = 0.1 * 0.9 ** np.arange(19, -1, -1) / (1 - 0.9**20)
    assert history.sum() == pytest.approx(1.0)
    mean = (history * slopes).sum()
    np.testing.assert_allclose(found.shares.share, history * slopes / mean, rtol=1e-8)
    of_squares = 0.001 * 0.999 ** np.arange(19, -1, -1) * slopes**2
    np.testing.assert_allclose(found.held["square"].share, of_squares / of_squares.sum(), rtol=1e-8)


def test_a_share_of_adam_is_the_derivative_with_its_second_moment_held() -> None:
    """Against JAX, of Adam written out anew, its root behind stop_gradient."""
    run = trained(cr.Adam(0.02), batch_size=None, dtype="float64", snapshots=1, epochs=12)
    slopes = gradients_of(run, "dense_1.W", (1, 2))
    run.recording.snapshots.clear()

    def last_step(given: Any) -> Any:
        mean = square = 0.0
        for count in range(12):
            mean = 0.9 * mean + 0.1 * given[count]
            square = 0.999 * square + 0.001 * given[count] ** 2
        root = jax.lax.stop_gradient(jax.numpy.sqrt(square / (1 - 0.999**12)))
        return -0.02 * mean / (1 - 0.9**12) / (root + 1e-8)

    with jax.enable_x64(True):
        derivative = np.asarray(jax.grad(last_step)(slopes))
    found = receipt(run, W, 11)
    np.testing.assert_allclose(found.parts.gradients, derivative * slopes, rtol=1e-8)


def test_decay_is_a_part_of_its_own() -> None:
    run = trained(cr.AdamW(0.05, weight_decay=0.1), dtype="float64")
    found = receipt(run, W, run.state.step - 1)
    assert found.parts.taken == pytest.approx(-0.05 * 0.1 * found.before)
    assert "from the weight's own decay" in found.sentence()


def test_a_step_that_is_taken_back() -> None:
    run = trained(cr.BoldDriver(2.0), epochs=40, dtype="float64", batch_size="auto")
    factors, steps = [], range(run.state.step)
    replay = Replay(run)
    for step in steps:
        factors.append(float(replay.before(step).optimizer["factor"]))
    back = next(step for step in steps[:-1] if factors[step + 1] < factors[step])
    found = receipt(run, W, back)
    place = {name: Replay(run).before(back - 1 + more) for more, name in enumerate("ab")}
    start = Replay(run).loop.layout.starts["dense_1.W"] + 1 * 4 + 2
    taken_back = place["a"].parameters[start] - place["b"].parameters[start]
    assert found.parts.taken == pytest.approx(float(taken_back), rel=1e-9)
    assert "from a step that is taken back" in found.sentence()


# ---- the way of the gradient ----


def test_penalties_and_clipping_are_told_apart() -> None:
    run = trained(cr.Momentum(0.05), l2=0.5, clip_norm=0.2, dtype="float64")
    found = receipt(run, W, 20)
    assert found.penalised == pytest.approx(found.plain + 0.5 * found.before)
    assert 0 < abs(found.gradient) < abs(found.penalised)
    said = found.sentences()[1]
    assert "penalties made it" in said
    assert "clipping left" in said


def test_lines_are_the_rule_with_symbols_and_with_numbers() -> None:
    run = trained(cr.Momentum(0.25, memory=0.5), dtype="float64")
    found = receipt(run, W, 9)
    velocity, weight = found.lines
    assert (velocity.name, velocity.formula) == (
        "velocity new",
        "0.5 · velocity - rate · g",
    )
    assert weight.formula == "w + velocity new"
    assert weight.value == found.after
    assert velocity.numbers.startswith("0.5 · ")
    assert f"0.25 · {found.gradient:.4g}"[:12] in velocity.numbers.replace("(", "")
    adam = receipt(trained("adam"), W, 3).lines
    assert [one.name for one in adam] == ["mean new", "square new", "w new"]
    assert adam[0].formula == "0.9 · mean + 0.1 · g"
    assert "1 - 0.9^4" in adam[2].numbers


def test_a_sentence_names_the_steps() -> None:
    run = trained(cr.Momentum(0.02, memory=0.9), batch_size=None, epochs=12)
    found = receipt(run, W, 11)
    start, end, share = found.shares.window
    assert share == pytest.approx(found.shares.share[start : end + 1].sum())
    sizes = np.abs(found.shares.share)
    assert sizes[start : end + 1].sum() >= 0.6 * sizes.sum()
    many = end - start
    assert all(sizes[one : one + many].sum() < 0.6 * sizes.sum() for one in range(len(sizes)))
    assert f"{share:.0%} of this step comes from steps {start} to {end}." in found.sentence()
    text = str(found)
    assert text.startswith(f"In step 11 (epoch 12) momentum moved {W} ")
    document = json.loads(json.dumps(found.to_dict()))
    assert document["shares"]["most"] == {
        "from": start,
        "to": end,
        "share": share,
    }
    assert document["change"] == found.after - found.before
    assert document["rows"] == list(range(40))


def test_a_weight_that_was_lost() -> None:
    run = trained(cr.GradientDescent(1e30), epochs=30)
    assert run.state.step < 120
    found = receipt(run, W, run.state.step - 1)
    assert found.exact
    assert not np.isfinite(found.change)
    assert "There are no shares in this step" in found.sentence()
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    jsonschema.validate(document, SCHEMA)
    assert document["change"] == plain_number(found.change)
    assert document["change"] in ("NaN", "Infinity", "-Infinity")
    assert "infinity" in found.html().lower() or "NaN" in found.html()


@pytest.mark.parametrize("optimizer", ["adam", "momentum", "rmsprop", "adagrad"])
def test_the_document_fits_its_schema(optimizer: str) -> None:
    document = json.loads(json.dumps(receipt(trained(optimizer), W, 9).to_dict(), allow_nan=False))
    jsonschema.validate(document, SCHEMA)
    for name in SCHEMA["required"]:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({key: document[key] for key in document if key != name}, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document | {"change": None}, SCHEMA)


def test_the_first_step_comes_from_itself() -> None:
    found = receipt(trained(cr.Adam(0.01)), W, 0)
    assert found.shares.share.tolist() == pytest.approx([1.0])
    assert abs(found.change) == pytest.approx(0.01, rel=1e-4)
    assert found.sentence().endswith("100% of this step comes from step 0.")


def test_a_weight_that_does_not_move() -> None:
    run = trained(cr.GradientDescent(0.0))
    found = receipt(run, W, 3)
    assert "moved dense_1.W[1,2] nowhere" in found.sentence()
    assert found.sentence().endswith("Nothing made this step: it is 0.")


# ---- what is refused ----


@pytest.mark.parametrize(
    ("target", "step", "message"),
    [
        ("dense_9.W[0,0]", 0, "Did you mean 'dense_2.W'"),
        ("dense_1.W[3,0]", 0, r"'dense_1.W\[3,0\]' is no place"),
        ("dense_1.W", 0, r"Name one of them: dense_1.W\[0,0\]"),
        ("dense_2.b[0]", 0, "dense_2.b is frozen"),
        (W, 48, "The run has 48 steps, and step 48 is not among them. Steps count from 0: the "),
        (W, -1, "step -1 is not among them"),
    ],
)
def test_what_is_not_there(target: str, step: int, message: str) -> None:
    with pytest.raises(cr.SetupError, match=message):
        receipt(trained(cr.Momentum(), freeze=["dense_2.b"]), target, step)


def test_optimizers_that_search_have_no_receipt() -> None:
    with pytest.raises(cr.SetupError, match="lbfgs searches for its steps"):
        receipt(trained("lbfgs", epochs=2), W, 0)


def test_other_rows_are_noticed() -> None:
    run = trained(cr.Momentum(0.05))
    assert run.rows is not None
    other = cr.train(cr.Network(cr.Dense()), X, -Y, epochs=0, progress=False).rows
    with pytest.raises(cr.DataError, match="are not those of the run: their losses differ"):
        receipt(run, W, 30, rows=other)


def test_an_optimizer_of_ones_own_is_unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIMIZERS, "halfway", cr.Adam)

    @cr.optimizer("halfway")
    @dataclass(frozen=True)
    class Halfway:
        learning_rate: float = 0.05
        mixes: bool = False
        stretches: bool = False
        formula = r"m \leftarrow (m + \nabla) / 2"
        needs = "gradient"

        def initial(self, parameters: Array) -> dict[str, Array]:
            return {"m": zeros_like(parameters)}

        def update(self, parameters: Any, gradient: Any, state: Any, rate: Any, step: Any) -> Any:
            mean = (state["m"] + gradient) / 2.0
            length = sqrt(sum_over(mean * mean)) if self.mixes else 1.0
            # Two odd values make an even one, which only stretches the step.
            stretch = 1.0 + gradient * state["m"] if self.stretches else 1.0
            return parameters - rate * mean * stretch / length, {"m": mean}

    run = trained(Halfway(), dtype="float64")
    found = receipt(run, W, 30)
    assert (found.exact, found.recomputed) == (True, found.after)
    history = 0.5 ** np.arange(1, 32)[::-1]
    gradients = [receipt(run, W, step).gradient for step in range(28, 31)]
    np.testing.assert_allclose(
        found.parts.gradients[-3:], -0.05 * history[-3:] * gradients, rtol=1e-12
    )
    stretched = receipt(trained(Halfway(stretches=True), dtype="float64"), W, 30)
    assert stretched.rule_exact
    parts_add_up(stretched, "float64")
    mixing = trained(Halfway(mixes=True))
    with pytest.raises(cr.SetupError, match="halfway mixes parameters"):
        receipt(mixing, W, 3)
