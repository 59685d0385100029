"""A fix: what helps is kept, what does not is not, and a healthy run stays as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reported_runs import ROWS, TARGET, healthy_run, ill_run, loop_in_numpy, tanh_network

import chainrule as cr
from chainrule.data.ranges import Scaling
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.fixes.code_of_fix import code_of
from chainrule.diagnosis.fixes.fix import Attempt, Fix
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.verdicts.verdict import Verdict
from chainrule.optimizers import rate_of, with_rate
from chainrule.randomness import normal, uniform


@pytest.fixture(scope="module")
def run() -> Any:
    return ill_run()


@pytest.fixture(scope="module")
def fix(run: Any) -> Fix:
    return cr.diagnose(run).fix(seeds=5)


def with_remedies(run: Any, *remedies: Remedy) -> Report:
    """Return a report that names these remedies, one after the other, as if they were proved."""
    block = AILMENTS["rate_too_high"]
    found = [Finding(block, (), (one,)) for one in remedies]
    return Report(case_of(run), Verdict("ill", found[0], others=tuple(found[1:])), run)


def at_rate(rate: float) -> Remedy:
    def change(before: Arrangement) -> Arrangement:
        setup = replace(before.setup, optimizer=with_rate(before.setup.optimizer, rate))
        return replace(before, setup=setup)

    return Remedy(f"rate {rate}", f"Take a rate of {rate}.", change, f"learning_rate={rate}")


def test_a_fix_makes_the_run_better_and_says_how(run: Any, fix: Fix) -> None:
    assert len(fix.before) == len(fix.after) == len(fix.seeds) == 5
    assert max(fix.after) < min(fix.before)
    assert fix.probability < 0.01
    assert fix.effect > 0.5
    assert fix.run is not None
    assert rate_of(fix.run.setup.optimizer) < rate_of(run.setup.optimizer)
    assert fix.words.startswith("Before: ")
    assert fix.code
    assert fix.code[0].startswith("learning_rate=")
    assert "What was kept: divide the learning rate by" in fix.words
    assert fix.words in str(fix)
    assert "kept" in str(fix)


def test_the_fixed_run_is_that_of_the_runs_own_start(run: Any, fix: Fix) -> None:
    assert fix.run is not None
    assert fix.run.setup.seed == run.setup.seed == fix.seeds[0]
    assert fix.run.setup.epochs == run.setup.epochs
    assert fix.run.setup.readings == run.setup.readings
    again = cr.train(
        tanh_network(), ROWS, TARGET, optimizer=fix.run.setup.optimizer, epochs=60,
        validation=0.25, progress=False,
    )  # fmt: skip
    assert again.history["loss"] == fix.run.history["loss"]


def test_the_fixed_run_is_examined_again(fix: Fix) -> None:
    assert fix.then is not None
    assert fix.then.run is fix.run
    assert fix.then.verdict in str(fix)
    assert max(one.round for one in fix.attempts) <= 3


def test_it_is_saved_and_predicts(fix: Fix, tmp_path: Path) -> None:
    fix.save(tmp_path / "fixed")
    loaded = cr.load(tmp_path / "fixed")
    assert fix.run is not None
    assert np.array_equal(loaded.predict(ROWS), fix.run.predict(ROWS))


def test_a_healthy_run_stays_as_it_is(tmp_path: Path) -> None:
    run = healthy_run()
    found = cr.diagnose(run).fix(seeds=4)
    assert found.run is run
    assert found.then is None
    assert (found.before, found.after, found.attempts) == ((), (), ())
    assert "nothing was changed" in found.words
    assert "nothing was changed" in str(found)
    assert (found.probability, found.effect) == (1.0, 0.0)


def test_what_does_not_help_is_not_kept(run: Any) -> None:
    found = with_remedies(run, at_rate(30.0), at_rate(0.05), at_rate(0.0501)).fix(seeds=5)
    first = [one for one in found.attempts if one.round == 1]
    assert [one.is_kept for one in first] == [False, True, False]
    assert [one.ailment for one in found.dropped[:2]] == ["rate_too_high"] * 2
    assert found.run is not None
    assert max(found.after) < min(found.before)


def test_pasted_code_gives_the_setup_in_the_end() -> None:
    setup = case_of(healthy_run()).setup
    setup = replace(setup, optimizer=with_rate(setup.optimizer, 0.1 / 3.0))
    codes = ("learning_rate=0.01", "clip_norm=None, clip_value=None", "y = y[1:]", "",
             "clip_norm=1, learning_rate=0.0333")  # fmt: skip
    kept = [Remedy(one, "Drop nothing. Or so.", lambda before: before, one) for one in codes]
    assert code_of(kept, setup) == (
        "clip_value=None", "y = y[1:]", "# Drop nothing.",
        f"clip_norm=1, learning_rate={0.1 / 3.0!r}",
    )  # fmt: skip


def test_a_run_is_never_made_worse() -> None:
    run = healthy_run()
    found = with_remedies(run, at_rate(50.0)).fix(seeds=4)
    assert found.run is run
    assert found.before == found.after
    first, missed = found.words.split("\n")
    assert first == "Nothing was changed."
    assert missed.startswith("It did not help: the error is ")


def attempt(without: tuple[float, ...], treated: tuple[float, ...], spoils: str = "") -> Attempt:
    experiment = Experiment(at_rate(0.1), without, treated, 10, 100)
    return Attempt("rate_too_high", "the learning rate is too high", 1, experiment, spoils)


def test_which_limit_a_remedy_has_missed_is_said() -> None:
    ones = (1.0, 1.001, 1.002, 1.003)
    lower = tuple(one - 0.129 for one in ones)
    assert attempt(ones, ones).missed.startswith("It did not help: the error is")
    noisy = attempt((1.0, 0.9, 0.8, 0.7), (0.95, 0.85, 0.75, 0.65))
    assert noisy.missed.startswith("It did not help by more than chance (p = 0.34)")
    little = attempt(ones, lower)
    assert little.missed == (
        "It helped by more than chance, but too little to matter: the error is 1 without it and "
        "0.872 with it, less by 0.129, and 0.15 is asked for."
    )
    half = tuple(one / 2 for one in ones)
    assert attempt(ones, half).missed == ""
    assert attempt(ones, half, "units are dead").missed.endswith("against this: units are dead.")
    assert not attempt(ones, half, "units are dead").is_kept
    for tried, says in (([little], little.missed), ([little, noisy], "Take a rate of 0.1. It hel")):
        fix = Fix(
            run=None, seeds=(0, 1, 2, 3), before=(), after=(), attempts=tuple(tried),
            quantity=Experiment.quantity,
        )  # fmt: skip
        assert fix.words.startswith(f"Nothing was changed.\n{says}")
        assert all(one.missed in str(fix.to_dict()) for one in tried)


def rare_rows(seed: int) -> tuple[Any, Any]:
    """Return rows of which about 4 in 100 are of the class 1, which overlaps the other."""
    x = normal(seed, "rows of a rare class", 900 * 4).reshape(900, 4)
    chance = 1.0 / (1.0 + np.exp(5.0 - 1.5 * x[:, 0] - 1.5 * x[:, 1]))
    return x, (uniform(seed, "rare class", 900) < chance).astype(int)


def test_a_fix_asks_by_the_measure_and_the_parts_of_the_diagnosis() -> None:
    x, y = rare_rows(1)
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(2))
    run = cr.train(network, x, y, epochs=20, validation=0.15, progress=False, learning_rate=0.005)
    found = cr.diagnose(run, seconds=20)
    assert found.primary is not None
    assert found.name == "imbalance"
    proof = found.primary.experiment
    assert proof is not None
    in_parts = replace(found.primary, experiment=replace(proof, parts=3))
    fix = Report(found.case, Verdict("ill", in_parts), run).fix(seeds=5, progress=False)
    tried = fix.attempts[0].experiment
    assert tried.quantity == proof.quantity == fix.quantity
    assert tried.parts == 3
    assert fix.before == tried.without


def test_predictions_come_back_in_the_units_of_the_caller() -> None:
    wide = 1000.0 * TARGET + 5000.0
    run = cr.train(
        tanh_network(), ROWS, wide, epochs=60, learning_rate=0.02, validation=0.25, progress=False
    )
    given = case_of(run).arrangement
    scaling = Scaling.of(given.training.inputs[0], given.training.targets[0])

    def change(before: Arrangement) -> Arrangement:
        def scaled(rows: Any) -> Any:
            targets = tuple(map(scaling.scaled_target, rows.targets))
            return replace(rows, inputs=tuple(map(scaling.scaled_inputs, rows.inputs)),
                           targets=targets)  # fmt: skip

        return replace(
            before, training=scaled(before.training), validation=scaled(before.validation),
            scaling=scaling,
        )  # fmt: skip

    found = with_remedies(run, Remedy("scaled", "Scale all.", change)).fix(seeds=4)
    assert found.run is not None
    assert "scaling" in found.run.notes
    assert np.mean((found.run.predict(ROWS) - wide) ** 2) < 0.2 * np.var(wide)
    assert np.mean((run.predict(ROWS) - wide) ** 2) > np.var(wide)


def test_another_loops_training_has_no_run_to_be_saved(tmp_path: Path) -> None:
    recording, left, first = loop_in_numpy(0.3, epochs=60)
    network = tanh_network().with_parameters(left)
    found = cr.diagnose(
        recording, network, ROWS, TARGET, first=first, optimizer="gradient_descent",
        learning_rate=0.3, batch_size=None,
    ).fix(seeds=4)  # fmt: skip
    assert found.run is None
    with pytest.raises(cr.SetupError, match="no run"):
        found.save(tmp_path / "fixed")


@pytest.mark.parametrize("seeds", [3, 0, 4.5, None])
def test_too_few_seeds_are_refused(run: Any, seeds: Any) -> None:
    with pytest.raises(cr.SetupError, match="seeds="):
        with_remedies(run, at_rate(0.05)).fix(seeds=seeds)


def test_what_only_people_can_do_is_said_and_nothing_is_trained() -> None:
    random = np.random.default_rng(8)
    x = random.normal(size=(240, 3))
    y = random.permutation((x[:, 0] > 0.0).astype(int))
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense())
    run = cr.train(network, x, y, learning_rate=0.01, epochs=40, validation=0.25, progress=False)
    report = cr.diagnose(run, seconds=20)
    assert report.name == "uninformative_labels"
    assert report.to_dict()["primary"]["by_hand"] is True
    assert "report.fix()" not in str(report)
    fix = report.fix(seeds=4)
    assert fix.run is run
    assert not fix.attempts
    assert fix.words.startswith("Nothing was changed: this is for you to do.\nLook at how labels")
    assert "No training was made." in str(fix)


def test_what_a_scaled_target_does_not_reach_is_seen_in_the_next_round() -> None:
    """A tanh is far below targets around 500; of these with a mean of 0 it misses the ends."""
    x = normal(0, "rows of a test", 240 * 3).reshape(240, 3)
    y = 500.0 + 100.0 * (x @ [1.0, -0.5, 0.8])
    network = cr.Network(cr.Dense(12, "tanh"), cr.Dense(1, "tanh"))
    run = cr.train(network, x, y, epochs=60, learning_rate=0.02, validation=0.25, progress=False)
    fix = cr.diagnose(run, seconds=20).fix(seeds=5, progress=False)
    assert [one.ailment for one in fix.kept][:2] == ["unscaled", "mismatched_output"]
    assert fix.run is not None
    assert "Dense(1)" in str(fix.run.network)
    assert max(fix.after) < 0.02
    assert np.mean((fix.run.predict(x) - y) ** 2) < 0.02 * np.var(y)
