"""Few rows that alone make a column's scale: named in tables and arrays; long tails are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import chainrule as cr
from chainrule.data.choices import Choices
from chainrule.diagnosis.ailments.scale_makers import of_makers, told_of
from chainrule.diagnosis.ailments.uninformative_labels import UNINFORMATIVE_LABELS
from chainrule.diagnosis.ailments.unscaled import UNSCALED
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.checks.table_check import EXTREME, check_table
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.by_others import by_others
from chainrule.diagnosis.experiments.trained import outcome
from chainrule.diagnosis.probes.relative_error import row_errors
from chainrule.diagnosis.probes.scale_makers import chance_of, makers_in_columns, scale_makers
from chainrule.diagnosis.remedies.without_makers import without_makers
from chainrule.randomness import normal
from chainrule.training.run import Run
from chainrule.training.tables.recipe import Recipe

RECIPE = Recipe.of(
    hidden=(16,), activation="tanh", optimizer="adam", learning_rate=None, epochs=1,
    batch_size=None, patience=None, l2=None, seed=0,
)  # fmt: skip
Draw = Callable[[np.random.Generator, int], Any]
LONG_TAILS: dict[str, Draw] = {
    "incomes": lambda r, n: np.exp(r.normal(10.0, 1.0, n)),
    "wealth": lambda r, n: 1000.0 * (1.0 + r.pareto(1.2, n)),
    "deviation of 3": lambda r, n: np.exp(3.0 * r.normal(size=n)),
    "no mean": lambda r, n: r.pareto(1.0, n),
    "cauchy": lambda r, n: r.standard_cauchy(n),
    "t of 2": lambda r, n: r.standard_t(2.0, n),
    "counts": lambda r, n: r.poisson(np.exp(2.0 * r.normal(size=n))).astype(float),
    "counts of few": lambda r, n: r.negative_binomial(0.3, 0.02, n).astype(float),
    "ranks of words": lambda r, n: r.zipf(1.6, n).astype(float),
    "rain": lambda r, n: np.where(r.random(n) < 0.7, 0.0, np.exp(2.0 * r.normal(size=n))),
    "rare category": lambda r, n: (r.random(n) < 0.005).astype(float) * 1e4,
    "a second kind": lambda r, n: np.where(r.random(n) < 0.01, r.normal(50.0, 5.0, n),
                                           r.normal(size=n)),
    "waiting": lambda r, n: r.weibull(0.3, n),
    "gamma": lambda r, n: r.gamma(0.2, size=n),
    "ratings": lambda r, n: r.integers(1, 6, n).astype(float),
    "prices in tens": lambda r, n: np.round(r.lognormal(3.0, 1.5, n), -1),
}  # fmt: skip


@pytest.mark.parametrize("draw", LONG_TAILS.values(), ids=list(LONG_TAILS))
def test_honest_columns_with_long_tails_have_no_rows_that_make_them(draw: Draw) -> None:
    random = np.random.default_rng(3)
    for count in (30, 60, 400, 2000):
        for _ in range(12):
            assert makers_in_columns([draw(random, count)[:, None]], 0) == []


@pytest.mark.parametrize("rows", [1, 3, 8])
@pytest.mark.parametrize("name", ["incomes", "wealth", "waiting"])
def test_numbers_in_another_unit_are_found_and_no_others(name: str, rows: int) -> None:
    random = np.random.default_rng(7)
    columns = np.column_stack([LONG_TAILS[name](random, 400), random.normal(size=400)])
    wrong = np.sort(random.choice(400, rows, replace=False))
    columns[wrong, 0] = 1e12 * columns[:, 0].max() * random.uniform(1.0, 2.0, rows)
    (found,) = makers_in_columns([columns[:300], columns[300:]], 0)
    assert found.column == 0
    assert found.places.tolist() == wrong.tolist()
    others = np.delete(columns[:, 0], wrong)
    assert found.times == pytest.approx(columns[:, 0].std() / others.std())


def test_the_chance_of_a_gap_is_that_of_its_distribution() -> None:
    quotients, tails = np.array([0.3, 2.0, 9.0]), np.array([10, 20, 40])
    np.testing.assert_allclose(chance_of(quotients, tails), stats.f.sf(quotients, 2, 2 * tails))
    # Of a tail by a power: the gap behind the largest, over the mean of those further in.
    random = np.random.default_rng(1)
    logs = np.sort(np.log1p(random.pareto(0.7, (4000, 60))), axis=1)
    index = (np.diff(logs[:, -12:-1], axis=1) * np.arange(11, 1, -1)).mean(axis=1)
    chances = chance_of((logs[:, -1] - logs[:, -2]) / index, np.full(4000, 10))
    assert stats.kstest(chances, "uniform").pvalue > 0.01


def rows_of(seed: int = 30) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(300, 4))
    return x, 2.0 * x[:, 0] - x[:, 1] + 0.3 * random.normal(size=300)


def trained(x: Any, y: Any, seed: int = 0, **chosen: Any) -> Run:
    network = cr.Network(cr.Dense(16, "tanh"), cr.Dense(1))
    given = {"epochs": 60, "learning_rate": 0.01, "validation": 0.2, **chosen}
    return cr.train(network, x, y, **given, seed=seed, progress=False)


def standardised(x: Any) -> Any:
    return (x - x.mean(axis=0)) / x.std(axis=0)


def held_out(run: Run) -> set[int]:
    return set(run.setup.provenance.validation)


@pytest.mark.parametrize("is_held_out", [True, False])
@pytest.mark.parametrize("of", ["target", "input"])
def test_a_mistyped_number_is_named_in_scaled_arrays(of: str, is_held_out: bool) -> None:
    x, y = rows_of()
    first = trained(x, y)
    row = min(held_out(first)) if is_held_out else int(first.setup.provenance.training[5])
    if of == "target":
        y[row] = 90000.0
    else:
        x[row, 0] = 1e5
    run = trained(standardised(x), standardised(y))
    assert (row in held_out(run)) is is_held_out
    report = cr.diagnose(run, seconds=30)
    assert report.primary is not None
    assert report.primary.ailment is UNSCALED
    assert report.primary.is_confirmed
    assert report.primary.remedy is not None
    assert report.primary.remedy.left_out == (row,)
    assert f"row {row}," in report.primary.remedy.words


def test_both_groups_are_judged_by_the_same_rows() -> None:
    x, y = rows_of()
    run = trained(x, y)
    row = min(held_out(run))
    y[row] = 90000.0
    case = case_of(trained(x, standardised(y)))
    (remedy,) = UNSCALED.remedies(Examination(case))
    changed = remedy.change(case.arrangement)
    held = np.array(case.setup.provenance.validation)
    assert changed.setup.provenance.validation == tuple(held[held != row].tolist())
    assert row in changed.setup.provenance.left_out
    assert len(changed.validation) == len(case.validation) - 1
    assert changed.training.targets[0].std() == pytest.approx(1.0)
    for one in (case.arrangement, changed):
        made = outcome(one)
        assert made.run is not None
        rows = one.validation
        if len(rows) == len(held):
            rows = rows.part(np.flatnonzero(held != row))
        due = row_errors(made.run.network, made.run.setup, rows, one.training).mean()
        assert by_others([row])(made) == pytest.approx(min(10.0, due))


def test_a_target_that_one_row_makes_says_nothing_about_labels() -> None:
    x, y = rows_of()
    y = np.random.default_rng(0).permutation(y)
    examined = Examination(case_of(trained(x, y)))
    assert examined.shown(UNINFORMATIVE_LABELS.signs)
    y[int(examined.setup.provenance.training[3])] = 90000.0
    examined = Examination(case_of(trained(x, standardised(y))))
    assert examined.shown(of_makers)
    assert not examined.shown(UNINFORMATIVE_LABELS.signs)


def test_a_row_that_was_held_out_alone_does_not_judge() -> None:
    x, y = rows_of()
    row = min(held_out(trained(x, y)))
    sound = cr.diagnose(trained(x, y), seconds=30)
    y[row] = 1e6
    run = trained(x, y, keep="last")
    report = cr.diagnose(run, seconds=30)
    assert report.name == sound.name == "healthy"
    assert f"Row {row}, which was held out, has numbers far outside" in str(report)


def table_of(x: Any, y: Any) -> dict[str, Any]:
    return {**{name: x[:, place] for place, name in enumerate("abcd")}, "y": y}


@pytest.mark.parametrize("column", ["y", "a"])
def test_a_mistyped_number_is_named_in_a_table(column: str, tmp_path: Path) -> None:
    x, y = rows_of(31)
    table = table_of(x, y)
    table[column][138] = 90000.0
    path = tmp_path / "table.csv"
    lines = [
        ",".join(table),
        *(",".join(map(str, one)) for one in zip(*table.values(), strict=True)),
    ]
    path.write_text("\n".join(lines) + "\n")
    run = cr.train_table(path, "y", output=tmp_path / "run", epochs=100, progress=False)
    report = cr.diagnose(run, seconds=30)
    assert report.primary is not None
    assert report.primary.ailment is UNSCALED
    assert report.primary.is_confirmed
    # As people count the rows of a table, and --ignore-rows does.
    assert report.primary.remedy is not None
    assert report.primary.remedy.words.startswith("Leave out row 139,")
    fixed = report.fix(seeds=5, progress=False)
    assert fixed.run.result is not None
    assert fixed.run.result.rows == 299


def test_a_check_of_a_table_looks_at_the_rows_of_all_folds() -> None:
    x, y = rows_of(31)
    for row in (0, 57, 138, 299):
        table = table_of(x.copy(), y)
        assert EXTREME not in concerns(table)
        table["a"][row] = 1e5
        said = concerns(table)
        assert f"all rows but row {row + 1}:" in said[EXTREME].cause
        assert said[EXTREME].remedy.endswith(f"--ignore-rows {row + 1}.")


def concerns(table: dict[str, Any]) -> dict[str, Any]:
    found, _ = check_table(table, "y", Choices(), RECIPE)
    return {one.name: one for one in found.concerns}


def test_a_check_says_nothing_of_a_training_that_was_not_made() -> None:
    x, y = rows_of()
    y = np.random.default_rng(0).permutation(y)
    found = cr.check(cr.Network(cr.Dense(16, "tanh"), cr.Dense(1)), x, y, validation=0.2)
    (labels,) = [one for one in found.concerns if "labels" in one.name]
    assert "network" not in labels.remedy
    assert "learns" not in labels.remedy


@pytest.mark.parametrize("how", ["sigmoid", "poisson"])
def test_targets_that_have_no_mean_of_0_are_left_as_they_are(how: str) -> None:
    x = normal(0, "rows of a bounded target", 400 * 3).reshape(400, 3)
    y = 1.0 / (1.0 + np.exp(-x[:, 0])) if how == "sigmoid" else np.round(np.exp(x[:, 0]))
    y[17] = 9e4
    last = cr.Dense(1, "sigmoid") if how == "sigmoid" else cr.Dense(1)
    loss = "mean_squared_error" if how == "sigmoid" else "poisson"
    run = cr.train(cr.Network(cr.Dense(6, "tanh"), last), x, y, loss=loss, epochs=2, progress=False)
    case = case_of(run)
    (makers,) = scale_makers(case)
    changed = without_makers(case, [makers]).change(case.arrangement)
    np.testing.assert_array_equal(changed.training.targets[0][:, 0], np.delete(y, 17))


def test_rows_that_were_given_apart_are_not_left_out() -> None:
    x = normal(0, "rows given apart", 400 * 3).reshape(400, 3)
    y = x @ np.array([1.0, -1.0, 0.5])
    y[350] = 9e4
    run = cr.train(
        cr.Network(cr.Dense(6, "tanh"), cr.Dense(1)), x[:300], y[:300],
        validation=(x[300:], y[300:]), epochs=2, progress=False,
    )  # fmt: skip
    case = case_of(run)
    assert [one.places.tolist() for one in scale_makers(case)] == [[350]]
    assert told_of(Examination(case)) == []
