"""Figures of explanations: what is drawn is what was computed, in signs that all eyes can tell."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

import chainrule as cr
from chainrule.explanation.loss_slices import loss_plane, loss_slice, path_of, share_held
from chainrule.training.run import Run
from chainrule.views.landscape_figures import plane_figure, slice_figure
from chainrule.views.network_figures import ABOVE, BELOW, LOST, NOTHING, network_figure
from chainrule.views.region_figures import regions_figure

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 2))
Y = X[:, 0] - 0.5 * X[:, 1] ** 2


def trained(*layers: Any, y: Any = Y, **given: Any) -> Run:
    every = layers or (cr.Dense(3, "tanh"), cr.Dense())
    given = {"epochs": 20, "seed": 2, "progress": False, "optimizer": cr.Adam(0.05), **given}
    return cr.train(cr.Network(*every), X, y, **given)


HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"


@pytest.fixture(scope="module")
def table_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("figures") / "run"
    given = {"epochs": 3, "hidden": (4,), "progress": False, "output": folder}
    return cr.train_table(HEART, "disease", **given), folder


def saved(figure: Figure) -> bytes:
    store = io.BytesIO()
    figure.savefig(store, format="png", dpi=40)
    return store.getvalue()


# ---- slices ----


def test_a_slice_has_the_loss_and_the_slope_of_the_network_in_its_middle() -> None:
    network = cr.Network(cr.Input(2), cr.Dense(3, "tanh"), cr.Dense(1), seed=1)
    one = loss_slice(network, "dense_1.W[1,2]", x=X, y=Y[:, None], loss="mean_squared_error")
    found = cr.backpropagate(network, X, Y[:, None], "mean_squared_error")
    middle = len(one.places) // 2
    assert one.at == one.places[middle] == network.parameters["dense_1.W"][1, 2]
    assert one.losses[middle] == pytest.approx(found.loss, rel=1e-12)
    assert one.loss == pytest.approx(found.loss, rel=1e-12)
    assert one.slope == pytest.approx(found.gradients["dense_1.W"][1, 2], rel=1e-9)
    for place in (0, 17, len(one.places) - 1):
        weights = network.parameters["dense_1.W"].copy()
        weights[1, 2] = one.places[place]
        moved = network.with_parameters({**network.parameters, "dense_1.W": weights})
        there = cr.backpropagate(moved, X, Y[:, None], "mean_squared_error").loss
        assert one.losses[place] == pytest.approx(there, rel=1e-9)


def test_a_tangent_misses_the_loss_by_the_square_of_the_way() -> None:
    run = trained()
    gaps = []
    for span in (1e-2, 1e-3):
        one = loss_slice(run, "dense_2.b", span=span)
        gaps.append(abs(one.tangent[-1] - one.losses[-1]))
    assert gaps[0] / gaps[1] == pytest.approx(100.0, rel=0.05)


def test_a_slice_along_a_direction() -> None:
    run = trained()
    gradient = cr.gradient(run.network, X.astype(np.float32), Y[:, None].astype(np.float32),
                           "mean_squared_error")  # fmt: skip
    downhill = {name: -one for name, one in gradient.items()}
    one = loss_slice(run, downhill, span=0.01)
    flat = np.concatenate([one.reshape(-1) for one in downhill.values()])
    assert one.slope == pytest.approx(-(flat @ flat), rel=1e-5)
    assert one.losses[-1] < one.loss < one.losses[0]
    same = loss_slice(run, flat, span=0.01)
    np.testing.assert_allclose(same.losses, one.losses, rtol=1e-12)


def test_the_figure_of_a_slice() -> None:
    run = trained()
    one = loss_slice(run, "dense_1.W[0,0]")
    figure = slice_figure(run, "dense_1.W[0,0]")
    (axes,) = figure.axes
    lines = {str(line.get_label()): line for line in axes.lines}
    assert list(lines["loss"].get_ydata()) == one.losses.tolist()
    tangent = next(line for name, line in lines.items() if name.startswith("tangent: slope"))
    assert tangent.get_linestyle() == "--"
    x, y = np.asarray(tangent.get_xdata()), np.asarray(tangent.get_ydata())
    np.testing.assert_allclose(y, one.loss + one.slope * (x - one.at), rtol=1e-12)
    assert axes.get_xlabel() == "dense_1.W[0,0]"
    assert saved(figure)


def test_a_slice_of_one_row_of_a_table_and_of_a_run_in_a_folder(
    table_run: tuple[Run, Path],
) -> None:
    run, folder = table_run
    one = loss_slice(run, "dense_1.W[8,0]", sample=8)
    why = cr.explain(run, "dense_1.W[8,0]", sample=8)
    assert why.checks is not None
    assert one.slope == pytest.approx(why.checks.gradient, rel=1e-4)
    assert one.loss == pytest.approx(why.trace.exact.loss, rel=1e-6)
    (axes,) = cr.slice_figure(str(folder), "dense_1.W[8,0]", sample=8).axes
    assert axes.get_ylabel() == "loss of data row 8"
    curve = next(line for line in axes.lines if line.get_label() == "loss")
    assert list(curve.get_ydata()) == pytest.approx(one.losses.tolist(), rel=1e-12)
    every = loss_slice(run, "dense_1.W[8,0]")
    assert (every.of, every.rows) == ("303 rows", 303)
    assert every.slope != pytest.approx(one.slope)


def test_a_slice_of_rows_that_are_given() -> None:
    run = trained()
    network = loss_slice(run.network, "dense_2.b", sample=[3, 5], x=X, y=Y[:, None])
    both = loss_slice(run, "dense_2.b", x=X[[3, 5]], y=Y[[3, 5]])
    # A network has half the squared error unless told, the run the whole.
    assert both.losses == pytest.approx(2.0 * network.losses, rel=1e-6)
    with pytest.raises(cr.SetupError, match="A run has its own loss"):
        cr.slice_figure(run, "dense_2.b", loss="huber")
    with pytest.raises(cr.SetupError, match="int is neither a run nor a network"):
        cr.slice_figure(7, "dense_2.b")


# ---- planes ----


def test_the_badge_is_the_variance_that_two_components_explain() -> None:
    run = trained(epochs=30)
    way = path_of(run)
    plane = loss_plane(run, points=5)
    moved = way - way[-1]
    # Seen from the end: the same points mirrored there have their mean at the end.
    both = PCA(2).fit(np.concatenate([moved, -moved]))
    assert plane.held == pytest.approx(both.explained_variance_ratio_.sum(), rel=1e-9)
    np.testing.assert_allclose(np.abs(plane.axes @ both.components_.T), np.eye(2), atol=1e-7)
    assert plane.path[-1].tolist() == [0.0, 0.0]
    assert f"holds {plane.held:.0%} of the path" in plane.sentence()


def test_the_path_is_that_of_the_run() -> None:
    run = trained(epochs=12, snapshots=1)
    way = path_of(run)
    layout = run.setup.objective().trained
    assert len(way) == 13
    for point, named in zip(way[1:], run.recording.snapshots.values(), strict=True):
        assert point.tolist() == layout.flat_array(named, "float64").tolist()


def test_a_plane_of_all_parameters_has_the_losses_of_the_training() -> None:
    run = trained(cr.Dense(1), y=Y, freeze=["*.b"], dtype="float64", batch_size=None)
    plane = loss_plane(run, ("dense_1.W[0,0]", "dense_1.W[1,0]"), points=9)
    assert plane.held == pytest.approx(1.0)
    assert plane.path[-1] == pytest.approx(run.network.parameters["dense_1.W"][:, 0])
    # The recorded loss of an epoch of one step is that before it.
    for (a, b), loss in zip(plane.path, run.history["loss"], strict=False):
        there = run.network.with_parameters(
            {**run.network.parameters, "dense_1.W": np.array([[a], [b]])}
        )
        assert np.mean((there(X)[:, 0] - Y) ** 2) == pytest.approx(loss, rel=1e-9)
    corner = run.network.with_parameters(
        {
            **run.network.parameters,
            "dense_1.W": np.array([[plane.across[2]], [plane.upwards[7]]]),
        }
    )
    assert plane.losses[7, 2] == pytest.approx(np.mean((corner(X)[:, 0] - Y) ** 2), rel=1e-9)


def test_two_weights_hold_what_they_moved() -> None:
    run = trained(epochs=30)
    plane = loss_plane(run, ("dense_1.W[0,0]", "dense_2.b[0]"), points=5)
    moved = path_of(run) - path_of(run)[-1]
    layout = run.setup.objective().trained
    chosen = [layout.starts["dense_1.W"], layout.starts["dense_2.b"]]
    assert plane.held == pytest.approx((moved[:, chosen] ** 2).sum() / (moved**2).sum())
    assert share_held(np.zeros((3, 4)), np.eye(4)[:2]) == 1.0
    if plane.held < 0.5:
        assert "are not those that the training had" in plane.sentence()


def test_the_figure_of_a_plane() -> None:
    run = trained()
    plane = loss_plane(run, points=7)
    figure = plane_figure(plane)
    axes = figure.axes[0]
    lines = {str(line.get_label()): line for line in axes.lines}
    path = lines["path of the training"]
    np.testing.assert_array_equal(np.column_stack(path.get_data()), plane.path)
    assert lines["end"].get_xdata()[0] == plane.path[-1, 0]
    assert axes.get_title(loc="left") == plane.sentence()
    assert saved(figure)
    assert saved(plane_figure(run, ("dense_1.W[0,0]", "dense_1.W[1,1]"), points=5))


def test_a_plane_of_a_run_in_a_folder(table_run: tuple[Run, Path]) -> None:
    run, folder = table_run
    here, there = (cr.plane_figure(one, points=5).axes[0] for one in (run, folder))
    paths = [next(a for a in axes.lines if "path" in str(a.get_label())) for axes in (here, there)]
    assert np.array_equal(*(one.get_xydata() for one in paths))
    other = HEART.parent / "01_descent_on_a_curve.py"
    with pytest.raises(cr.ChainruleError):
        cr.plane_figure(folder, points=5, data=other)


def test_a_search_has_the_path_of_its_snapshots() -> None:
    run = trained(optimizer="lbfgs", epochs=6, snapshots=1)
    assert len(path_of(run)) == len(run.recording.snapshots) + 2
    assert saved(plane_figure(run, points=5))
    with pytest.raises(cr.SetupError, match="kept none of them"):
        path_of(trained(optimizer="lbfgs", epochs=2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda run: loss_slice(run, "dense_9.W[0,0]"), "Did you mean"),
        (lambda run: loss_slice(run, {"dense_9.W": 1.0}), "nothing called 'dense_9.W' to move"),
        (lambda run: loss_slice(run, {"dense_1.W": np.ones(3)}), r"is \(3,\), and dense_1.W is"),
        (lambda run: loss_slice(run, np.ones(3)), "and there are 13 parameters"),
        (lambda run: loss_plane(run, ("dense_2.b", "dense_2.b[0]")), "is named twice"),
        (lambda run: loss_plane(run, path=np.ones((4, 2))), "the run trains 13 parameters"),
        (lambda run: loss_slice(run.network, "dense_2.b"), "explained on rows, and there are none"),
    ],
)
def test_what_does_not_fit(call: Any, message: str) -> None:
    with pytest.raises(cr.ChainruleError, match=message):
        call(trained(epochs=2))


# ---- the network ----


def lines_of(figure: Figure) -> dict[str, Any]:
    return {str(line.get_gid()): line for line in figure.axes[0].lines if line.get_gid()}


def test_each_weight_has_the_sign_and_the_size_of_its_gradient() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4, "relu"), cr.Dense(2), seed=3)
    x, y = RNG.normal(size=(5, 3)), np.array([0, 1, 0, 1, 1])
    slopes = cr.gradient(network, x, y, "cross_entropy")
    slopes["dense_1.W"][0, 0] = 0.0
    slopes["dense_1.W"][1, 1] = np.nan
    lines = lines_of(network_figure(network, slopes))
    assert len(lines) == 12 + 8
    sizes = {}
    for name, line in lines.items():
        parameter, place = name.rstrip("]").split("[")
        number = float(slopes[parameter][tuple(map(int, place.split(",")))])
        if np.isnan(number):
            assert line.get_color() == LOST
            continue
        expected = {1.0: (ABOVE, "-"), -1.0: (BELOW, "--"), 0.0: (NOTHING, "--")}[np.sign(number)]
        assert line.get_color() == expected[0]
        # What is below 0 is dashed, what is 0 dotted, so that no colour is needed.
        assert (line.get_linestyle() == "-") == (number > 0)
        sizes[abs(number)] = line.get_linewidth()
    ordered = [sizes[one] for one in sorted(sizes)]
    assert ordered == sorted(ordered)
    assert ordered[0] < ordered[-1]


def test_units_show_the_signs_of_their_gradients() -> None:
    network = cr.Network(cr.Input(2), cr.Dense(3, "tanh"), cr.Dense(1), seed=3)
    found = cr.backpropagate(network, X[:6], Y[:6, None], "mean_squared_error")
    figure = network_figure(network, found.gradients, columns=("age", "weight"))
    texts = [text.get_text() for text in figure.axes[0].texts]
    signs = [
        "+" if one > 0 else "\N{MINUS SIGN}"
        for name in ("x", "dense_1.linear", "dense_2")
        for one in found.gradients[name].sum(axis=0)
    ]
    assert [one for one in texts if one in ("+", "\N{MINUS SIGN}")] == signs
    assert {"age", "weight", "x", "dense_1", "dense_2"} <= set(texts)
    assert saved(figure)


def test_a_run_has_the_gradients_of_its_rows(table_run: tuple[Run, Path]) -> None:
    run, folder = table_run
    trace = cr.explain(run, "dense_1", sample=8).trace
    for what in (run, folder):
        figure = cr.network_figure(what, sample=8, most=25)
        lines = lines_of(figure)
        assert len(lines) == 25 * 4 + 4 * 2
        for name, line in lines.items():
            parameter, place = name.rstrip("]").split("[")
            number = trace.own.gradients[parameter][tuple(map(int, place.split(",")))]
            assert (line.get_color() == ABOVE) == (number > 0)
            assert (line.get_color() == NOTHING) == (number == 0)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert {"age", "cholesterol", "gender = female"} <= set(texts)
    assert figure.axes[0].get_title(loc="left") == (
        "Gradient of the loss of data row 8 at each weight"
    )
    whole = cr.network_figure(run)
    assert "of 303 rows at each" in whole.axes[0].get_title(loc="left")


def test_weights_without_a_gradient_are_not_drawn() -> None:
    run = trained()
    slopes = {"dense_1.W": np.ones((2, 3))}
    with pytest.raises(cr.SetupError, match=r"no gradient at dense_2\.W among those"):
        cr.network_figure(run, slopes)
    with pytest.raises(cr.DataError, match="explained on rows, and there are none"):
        cr.network_figure(run.network)
    with pytest.raises(cr.SetupError, match="A run has its own loss"):
        cr.network_figure(run, loss="huber")
    with pytest.raises(cr.SetupError, match="float is neither a run nor a network"):
        cr.network_figure(1.5)


def test_of_wide_layers_the_units_with_the_largest_gradients_are_drawn() -> None:
    network = cr.Network(cr.Input(30), cr.Dense(5, "tanh"), cr.Dense(1), seed=0)
    slopes = cr.gradient(network, RNG.normal(size=(9, 30)), RNG.normal(size=(9, 1)))
    figure = network_figure(network, slopes, most=4)
    strength = np.abs(slopes["dense_1.W"]).sum(axis=1)
    drawn = {name.split("[")[1].split(",")[0] for name in lines_of(figure) if "_1.W" in name}
    assert drawn == {str(one) for one in np.argsort(-strength)[:4]}
    assert "x\nand 26 more" in [text.get_text() for text in figure.axes[0].texts]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], parts))


@pytest.mark.parametrize(("colour", "least"), [(ABOVE, 4.5), (BELOW, 4.5), (NOTHING, 3.0)])
def test_colours_are_seen_on_white(colour: str, least: float) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= least - 0.005


def test_a_network_of_images_has_no_such_picture() -> None:
    network = cr.Network(cr.Input((1, 8, 8)), cr.Conv(2, 3), cr.Flatten(), cr.Dense(1), seed=0)
    with pytest.raises(cr.SetupError, match="gives no single row of units"):
        network_figure(network, {name: one * 0 for name, one in network.parameters.items()})


# ---- regions ----


def test_regions_are_what_is_predicted() -> None:
    labels = np.where(X[:, 0] > 0.2, "high", "low")
    run = trained(cr.Dense(6, "tanh"), cr.Dense(), y=labels, epochs=60)
    figure = regions_figure(run, X, labels, points=41, names=("age", "dose"))
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("age", "dose")
    side, up = np.linspace(*axes.get_xlim(), 7)[1:-1], np.linspace(*axes.get_ylim(), 7)[1:-1]
    spots = np.stack(np.meshgrid(side, up), axis=-1).reshape(-1, 2)
    said = run.predict(spots)
    sure = np.abs(run.predict_proba(spots)[:, 0] - 0.5) > 0.2
    filled = [one for one in axes.collections if one.get_hatch() is not None or one.get_alpha()]
    assert len(filled) >= 2
    for number, label in enumerate(run.classes):
        inside = np.zeros(len(spots), dtype=bool)
        for path in filled[number].get_paths():
            inside |= path.contains_points(spots)
        assert (inside[sure] == (said[sure] == label)).all()
    markers = {str(one.get_label()): one for one in axes.lines}
    assert len(markers["is: high"].get_xdata()) == (labels == "high").sum()
    assert markers["is: high"].get_marker() != markers["is: low"].get_marker()
    assert saved(figure)


def test_other_inputs_are_held_and_said() -> None:
    wide = np.column_stack([X, X[:, :1] * 3.0])
    labels = (X[:, 0] > 0).astype(int)
    run = cr.train(cr.Network(cr.Dense()), wide, labels, epochs=3, progress=False)
    figure = regions_figure(run, wide, columns=(1, 0), points=5)
    assert "1 other input at the median" in figure.axes[0].get_title(loc="left")
    assert figure.axes[0].get_xlabel() == "input 1"


def test_the_rows_of_the_run_are_drawn_unless_others_are_given(tmp_path: Path) -> None:
    labels = np.where(X[:, 0] > 0.2, "high", "low")
    run = trained(cr.Dense(), y=labels, epochs=3)
    markers = {str(one.get_label()): one for one in cr.regions_figure(run, points=5).axes[0].lines}
    for label in ("high", "low"):
        drawn = np.sort(markers[f"is: {label}"].get_xdata())
        assert drawn == pytest.approx(np.sort(X[labels == label, 0]), rel=1e-6)
    run.save(tmp_path / "run")
    with pytest.raises(cr.DataError, match="does not hold the rows"):
        cr.regions_figure(tmp_path / "run")
    assert saved(cr.regions_figure(tmp_path / "run", X, labels, points=5))


def test_regions_of_a_table_are_those_that_it_predicts(table_run: tuple[Run, Path]) -> None:
    import polars

    run, folder = table_run
    for what in (run, folder):
        figure = cr.regions_figure(what, columns=("age", "max_hr"), points=9)
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("age", "max_hr")
    assert axes.get_title(loc="left").endswith("; 11 other columns at the usual row")
    frame = polars.read_csv(HEART)
    markers = {str(one.get_label()): one for one in axes.lines}
    for label in ("yes", "no"):
        due = frame.filter(polars.col("disease") == label)["max_hr"].sort().to_list()
        assert np.sort(markers[f"is: {label}"].get_ydata()).tolist() == pytest.approx(due)


def test_each_place_of_a_table_is_what_the_run_predicts_for_such_a_row(
    table_run: tuple[Run, Path],
) -> None:
    from chainrule.views.region_rows import two_inputs

    run, _ = table_run
    two = two_inputs(run, None, None, ("age", "max_hr"), (), None)
    usual = cr.explain(run, sample=8).columns
    row = {one.column: one.reference for one in usual} | {"age": 61.0, "max_hr": 120.0}
    numbers = {"age", "rest_sbp", "cholesterol", "fasting_blood_sugar_over_120", "max_hr",
               "exerc_ind_ang", "st_by_exercise", "major_vessels_colored"}  # fmt: skip
    table = {name: [float(one) if name in numbers else one] for name, one in row.items()}
    due = run.predict_proba(table)
    found = run.predict_proba(two.filled(np.array([[61.0, 120.0]])))
    assert found == pytest.approx(due, rel=1e-4)
    assert two.labels is not None
    assert set(two.labels) == {"yes", "no"}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("age", "thal"), "no column of numbers 'thal'"),
        (("agee", "max_hr"), "Did you mean 'age'"),
        (("age", "age"), "and there is one"),
    ],
)
def test_columns_that_are_no_two_numbers(
    table_run: tuple[Run, Path], columns: Any, message: str
) -> None:
    with pytest.raises(cr.SetupError, match=message):
        cr.regions_figure(table_run[0], columns=columns)


@pytest.mark.parametrize(
    ("y", "given", "message"),
    [
        (Y, {}, "does not predict one class"),
        (np.arange(40) % 8, {}, "knows 8 classes, and 7 can be told apart"),
        (X[:, 0] > 0, {"columns": (0, 2)}, "are no two of its inputs"),
        (X[:, 0] > 0, {"y": [1, 2]}, r"y is \(2,\) for 40 rows"),
    ],
)
def test_what_has_no_regions(y: Any, given: dict[str, Any], message: str) -> None:
    run = trained(cr.Dense(), y=y, epochs=1)
    with pytest.raises(cr.ChainruleError, match=message):
        regions_figure(run, X, **given)
