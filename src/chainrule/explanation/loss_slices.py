"""The loss around a network: along a line through its parameters, and over a plane with a path.

Losses are means over rows without penalties, of the network as it predicts, in float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.door import evaluate
from chainrule.errors import SetupError, ShapeError, nearest
from chainrule.explanation.asked_about import asked_about
from chainrule.explanation.row_pulls import Batch, batch_of_run
from chainrule.explanation.single_weights import single_weight
from chainrule.explanation.updates.replay import Replay
from chainrule.network.backpropagation import gradient_program
from chainrule.network.network import Network
from chainrule.network.plan import Layout
from chainrule.optimizers import searches
from chainrule.training.rows import Rows
from chainrule.training.run import Run

Numbers = NDArray[np.float64]
Direction = str | Mapping[str, Any] | NDArray[Any]

# A picture evaluates the loss hundreds of times: of more rows, so many are chosen evenly.
MOST_ROWS = 2000
POINTS = 81
PLANE_POINTS = 41
# Where a plane holds less of a path than this, most of what is seen did not happen.
LITTLE = 0.5


@dataclass(frozen=True, eq=False)
class LossSlice:
    """The loss along a line: ``places`` (points,) and ``losses`` (points,) there.

    ``name`` says what ``places`` are: values of a weight, or lengths along a direction. ``at`` is
    where the network stands, ``loss`` and ``slope`` (by the chain rule) are those of that point.
    ``rows`` is how many rows the loss is of, ``of`` what they are called.
    """

    name: str
    places: Numbers
    losses: Numbers
    at: float
    loss: float
    slope: float
    rows: int
    of: str = ""

    @property
    def tangent(self) -> Numbers:
        """The line that the slope promises: (points,)."""
        return self.loss + self.slope * (self.places - self.at)


@dataclass(frozen=True, eq=False)
class LossPlane:
    """The loss over a plane through the end of a path, and the path's shadow on it.

    ``across`` (a,) and ``upwards`` (b,) are places along its two directions ``axes`` (2,
    parameters), which are orthonormal; ``losses`` (b, a). ``path`` (points, 2) are the places of
    the path on the plane, its end the last. ``held`` is the share of the path's squared distances
    from its end that lies in the plane, from 0 to 1; ``names`` say what the directions are.
    """

    names: tuple[str, str]
    axes: Numbers
    across: Numbers
    upwards: Numbers
    losses: Numbers
    path: Numbers
    held: float
    rows: int

    def sentence(self) -> str:
        """Return what the plane holds, in words."""
        text = f"This plane holds {self.held:.0%} of the path."
        if self.held < LITTLE:
            text += "\nThe losses under its shadow are not those that the training had."
        return text


def loss_slice(
    what: Run | Network,
    along: Direction,
    *,
    sample: Any = None,
    x: Any = None,
    y: Any = None,
    loss: Any = None,
    data: Any = None,
    span: float | None = None,
    points: int = POINTS,
    rows: tuple[Rows, Rows] | None = None,
) -> LossSlice:
    """Return the loss along one weight, or along a direction, around where a network stands.

    ``along``: "dense_1.W[2,0]", or a direction, flat (parameters,) or name -> array. ``span``: how
    far to each side, of a weight by default 1 more than its size, of a direction 1. A run is taken
    with its training rows, or those of ``sample``, and the parameters that it kept; a network with
    ``x``, ``y``, ``loss``. These arguments, and ``data``, are those of ``explain``; ``rows``
    (training, validation) are all rows of a run again.
    Raises SetupError for a weight that is not there, ShapeError for a direction that does not fit,
    DataError where there are no rows.
    """
    if rows is not None and isinstance(what, Run):
        batch = _evenly(batch_of_run(what, rows))
    else:
        batch = _asked_batch(what, sample, x, y, loss, data)
    layout = batch.objective.trained
    start = batch.carried[: layout.size]
    if isinstance(along, str):
        weight = single_weight(batch.objective, along)
        direction = np.zeros(layout.size)
        direction[weight.flat] = 1.0
        name, at = weight.name, float(start[weight.flat])
    else:
        direction, name, at = _flat(layout, along), "length along the direction", 0.0
    reach = 1.0 + abs(at) if span is None else float(span)
    places = at + np.linspace(-reach, reach, 2 * (max(points, 3) // 2) + 1)
    # The middle is where the network stands, to the bit.
    places[len(places) // 2] = at
    losses = losses_at(batch, start + (places - at)[:, None] * direction)
    loss_here, slope = _loss_and_slope(batch, direction)
    return LossSlice(name, places, losses, at, loss_here, slope, len(batch), batch.where)


def loss_plane(
    run: Run,
    weights: tuple[str, str] | None = None,
    *,
    path: Any = None,
    points: int = PLANE_POINTS,
    rows: tuple[Rows, Rows] | None = None,
) -> LossPlane:
    """Return the loss over a plane through the end of a run's path: two weights, or its own.

    Without ``weights`` the plane is the one that holds most of the path: the first two principal
    directions of its points seen from its end (Li and others, "Visualizing the loss landscape of
    neural nets", NeurIPS 2018). ``path`` (points, trained parameters) is found by taking the run
    again unless given; of an optimizer that searches it is that of its snapshots.
    Raises SetupError for weights that are not there, and where there is no path.
    """
    batch = _evenly(batch_of_run(run, rows))
    way = path_of(run, rows) if path is None else np.asarray(path, dtype=np.float64)
    size = batch.objective.trained.size
    if way.ndim != 2 or way.shape[1] != size or len(way) < 2:
        raise ShapeError(
            f"The path is {way.shape}, and the run trains {size} parameters.",
            f"Give two points or more of {size} numbers each.",
        )
    end, moved = way[-1], way - way[-1]
    if weights is None:
        names, axes, zero = ("first direction of the path", "second direction"), _main(moved), None
    else:
        chosen = [single_weight(batch.objective, one) for one in weights]
        if chosen[0].flat == chosen[1].flat:
            raise SetupError(f"{chosen[0].name} is named twice.", "Name two weights.")
        axes = np.zeros((2, size))
        axes[[0, 1], [one.flat for one in chosen]] = 1.0
        names, zero = (chosen[0].name, chosen[1].name), end[[one.flat for one in chosen]]
    shadow = moved @ axes.T
    across, upwards = (_places(shadow[:, one], points) for one in (0, 1))
    grid = np.stack(np.meshgrid(across, upwards), axis=-1).reshape(-1, 2)
    losses = losses_at(batch, (end + (one @ axes)[None] for one in grid)).reshape(
        len(upwards), len(across)
    )
    shift = np.zeros(2) if zero is None else zero
    return LossPlane(
        names,
        axes,
        across + shift[0],
        upwards + shift[1],
        losses,
        shadow + shift,
        share_held(moved, axes),
        len(batch),
    )


def share_held(moved: Numbers, axes: Numbers) -> float:
    """Return the share of squared lengths (points, parameters) along orthonormal axes (2, p)."""
    whole = float(np.sum(moved * moved))
    return float(np.sum((moved @ axes.T) ** 2)) / whole if whole else 1.0


def path_of(run: Run, rows: tuple[Rows, Rows] | None = None) -> Numbers:
    """Return the trained parameters over a run: (points, parameters), its end the last.

    They are those of its epochs, taken again; of an optimizer that searches those of its snapshots.
    """
    if not searches(run.setup.optimizer):
        return Replay(run, rows).path()
    layout = run.setup.objective().trained
    kept = [layout.flat_array(one, "float64") for one in run.recording.snapshots.values()]
    start = layout.flat_array(run.setup.network.parameters, "float64")
    end = run.state.parameters[: layout.size].astype(np.float64)
    if not kept:
        raise SetupError(
            f"{run.setup.optimizer.name} searches for its steps, and the run kept none of them.",
            "Train with snapshots=1, which keeps where each epoch ended.",
        )
    return np.stack([start, *kept, end])


def losses_at(batch: Batch, points: Any) -> Numbers:
    """Return the loss of a batch at each of some trained parameters, (parameters,) each."""
    program = gradient_program(batch.objective, "float64")
    alone = replace(program, outputs=program.outputs[:1], output_names=program.output_names[:1])
    state = batch.carried[batch.objective.trained.size :]
    _, *others = batch.given(slice(None))
    found = [
        evaluate(alone, [np.concatenate((np.reshape(one, -1), state)), *others])[0]
        for one in points
    ]
    return np.array(found, dtype=np.float64)


def _loss_and_slope(batch: Batch, direction: Numbers) -> tuple[float, float]:
    program = gradient_program(batch.objective, "float64")
    loss, gradient = evaluate(program, batch.given(slice(None)))
    return float(loss), float(gradient @ direction)


def _asked_batch(what: Run | Network, sample: Any, x: Any, y: Any, loss: Any, data: Any) -> Batch:
    """Return the rows that are asked for, with the parameters that a run or a network has."""
    asked = asked_about(what, sample=sample, x=x, y=y, loss=loss, data=data)
    objective = asked.objective.in_prediction
    held = {**asked.network.parameters, **asked.network.state}
    many = len(asked.rows[0])
    where = f"{many:,} rows" if many > 1 else asked.names.names[0]
    batch = Batch(
        objective,
        objective.carried.flat_array(held, "float64"),
        objective.frozen.flat_array(held, "float64"),
        (),
        tuple(asked.rows),
        asked.names,
        where,
    )
    return _evenly(batch)


def _evenly(batch: Batch) -> Batch:
    """Return a batch of at most so many rows, chosen evenly of more."""
    if len(batch) <= MOST_ROWS:
        return batch
    chosen = np.linspace(0, len(batch) - 1, MOST_ROWS).round().astype(np.int64)
    return replace(batch, rows=tuple(one[chosen] for one in batch.rows))


def _flat(layout: Layout, direction: Mapping[str, Any] | NDArray[Any]) -> Numbers:
    """Return a direction as one flat vector. Raises SetupError and ShapeError."""
    if isinstance(direction, Mapping):
        known = {one.name: np.zeros(one.shape) for one in layout.parameters}
        for name, content in direction.items():
            if name not in known:
                raise SetupError(f"There is nothing called '{name}' to move.", nearest(name, known))
            if np.shape(content) != known[name].shape:
                raise ShapeError(
                    f"The direction at {name} is {np.shape(content)}, and {name} is "
                    f"{known[name].shape}.",
                    "Give a number for each of its numbers.",
                )
            known[name] = np.asarray(content, dtype=np.float64)
        return layout.flat_array(known, "float64")
    flat = np.asarray(direction, dtype=np.float64)
    if flat.shape != (layout.size,):
        raise ShapeError(
            f"The direction is {flat.shape}, and there are {layout.size} parameters.",
            f"Give one of shape ({layout.size},), or arrays by name.",
        )
    return flat


def _main(moved: Numbers) -> Numbers:
    """Return the two orthonormal directions along which most of the squared lengths lie: (2, p)."""
    _, _, directions = np.linalg.svd(moved, full_matrices=False)
    found: Numbers = directions[:2]
    if len(found) < 2:
        raise SetupError("There is a single parameter, which makes no plane.", "Draw its slice.")
    # A direction has two signs: the path comes from the right, so that its end is easily found.
    signs = np.where((moved[0] @ found.T) < 0, -1.0, 1.0)
    return found * signs[:, None]


def _places(along: Numbers, points: int) -> Numbers:
    """Return places around a path, with room beside it."""
    low, high = float(along.min()), float(along.max())
    room = 0.25 * (high - low) or 0.5
    return np.linspace(low - room, high + room, max(3, points))
