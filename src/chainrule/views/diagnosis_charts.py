"""The small figures of a diagnosis: the curve of a sign, the trainings of an experiment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.diagnosis.wording import first_up, name_and_unit
from chainrule.explanation.plain_numbers import number_of
from chainrule.views.charts import Chart, Colour, Dots, Line, Mark, Numbers, Panel, Spans
from chainrule.views.explanation_parts import Document
from chainrule.views.scale import letters_in

CURVE, TWO_GROUPS = (420, 190), (460, 175)
# From this ratio of the largest to the smallest on, an axis of ratios shows more.
LOG_FROM = 15.0
OVER_EPOCHS = "over epochs"
# Of a sign that the run itself does not show.
WITH_ANOTHER = "with another remedy"


def sign_chart(sign: Document, epochs: int) -> Chart | None:
    """Return the curve of a sign, with its threshold where that is of the same quantity.

    ``epochs``: how many a curve over epochs is of. None where there is nothing to draw.
    """
    y = np.array([number_of(one) for one in sign["curve"]], dtype=np.float64)
    known = y[np.isfinite(y)]
    if len(known) < 2:
        return None
    name = sign["curve_of"]
    last = epochs if OVER_EPOCHS in name and epochs >= len(y) else len(y)
    x = np.linspace(1.0, last, len(y))
    marks: list[Mark] = [Line(x, y, "first", name)]
    threshold, measured = number_of(sign["threshold"]), number_of(sign["measured"])
    # A measured number among those of the curve is one of the same kind.
    if known.min() <= measured <= known.max() and np.isfinite(threshold):
        marks.append(Line(x[[0, -1]], np.full(2, threshold), "second", "threshold", dashed=True))
        known = np.append(known, threshold)
    title, _, across = name.partition(" over ")
    title = f"{first_up(title)}{f', {WITH_ANOTHER}' if sign['seen_with'] else ''}"
    panel = Panel(
        tuple(marks), across.removeprefix("the ") or "place in their order", "", whole_x=True,
        log_y=_is_log(known),
    )  # fmt: skip
    words = f"{title}, from {known[0]:.3g} to {y[np.isfinite(y)][-1]:.3g}."
    return Chart(title, words, (panel,), name="sign", size=CURVE)


def experiment_chart(experiment: Document) -> Chart | None:
    """Return the trainings without and with the remedy, each a dot; None for fewer than two."""
    groups = [np.array(experiment[name], dtype=np.float64) for name in ("without", "treated")]
    if min(map(len, groups)) < 2:
        return None
    names = experiment["untreated_name"], experiment["treated_name"]
    quantity = experiment["quantity"]
    each = "part of the rows" if experiment.get("counted") else "training of the experiment"
    return two_groups(groups, names, quantity, f"Each {each}: the {quantity}.")


def two_groups(
    groups: Sequence[Numbers], names: tuple[str, str], quantity: str, words: str
) -> Chart:
    """Return two groups of numbers as dots, a line at the median of each."""
    colours: tuple[Colour, Colour] = ("second", "first")
    marks: list[Mark] = []
    for place, (numbers, colour) in enumerate(zip(groups, colours, strict=True)):
        # Neighbours in size stand at different heights, so that they do not hide each other.
        rank = np.argsort(np.argsort(numbers))
        height = place + 0.2 * np.array([-1.0, 0.4, -0.3, 1.0])[rank % 4]
        marks.append(Dots(np.asarray(numbers), height, colour))
    middles = np.array([float(np.median(one)) for one in groups])
    places = np.arange(2.0)
    marks.append(Spans(middles, places - 0.34, places + 0.34, "ink", "median"))
    every = np.concatenate(list(groups))
    name, is_relative = name_and_unit(quantity)
    across = f"{name} (1: a constant prediction's)" if is_relative else name
    if len(across) > letters_in(TWO_GROUPS[0]):
        # The words below the figure say the unit as well.
        across = name
    panel = Panel(tuple(marks), across, "", y_limits=(1.5, -0.5), log_x=_is_log(every), names=names)
    return Chart("Trainings", words, (panel,), name="experiment", size=TWO_GROUPS)


def _is_log(numbers: Numbers) -> bool:
    known = numbers[np.isfinite(numbers)]
    return bool(known.size and known.min() > 0.0 and known.max() / known.min() > LOG_FROM)
