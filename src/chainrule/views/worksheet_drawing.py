"""The network of a worksheet as a drawing: units, connections, and the number on each."""

from __future__ import annotations

from chainrule.explanation.worksheets.exercise import PARAMETERS, Exercise
from chainrule.views.worksheet_symbols import number

WIDTH, HEIGHT, RADIUS = 640, 270, 30
# Unit -> its place.
_UNITS = {
    "x1": (70, 75),
    "x2": (70, 205),
    "h1": (330, 75),
    "h2": (330, 205),
    "o": (570, 140),
}
# Weight -> where it begins and ends, at what share of the way its label stands, and how far to the
# right of it and below.
_EDGES = {
    "w11": ("x1", "h1", 0.5, 0, -9),
    "w12": ("x1", "h2", 0.3, 46, -1),
    "w21": ("x2", "h1", 0.3, 46, 11),
    "w22": ("x2", "h2", 0.5, 0, 21),
    "v1": ("h1", "o", 0.56, 0, -12),
    "v2": ("h2", "o", 0.56, 0, 24),
}
_BIASES = {"b1": "h1", "b2": "h2", "c": "o"}


def network_drawing(exercise: Exercise) -> str:
    """Return the drawing as SVG, told in words as well."""
    told = ", ".join(
        f"{name} {number(value)}"
        for name, value in exercise.given.items()
        if name in PARAMETERS or name in ("x1", "x2")
    )
    lines = "".join(_edge(begin, end) for begin, end, *_ in _EDGES.values())
    labels = "".join(_edge_label(name, exercise.parameters[name]) for name in _EDGES)
    units = "".join(_unit(name, exercise) for name in _UNITS)
    biases = "".join(_bias(name, exercise.parameters[name]) for name in _BIASES)
    return (
        f'<svg class="drawing" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="A network of two inputs, two hidden units and one output: {told}">'
        f"{lines}{labels}{units}{biases}</svg>"
    )


def _edge(begin: str, end: str) -> str:
    (x1, y1), (x2, y2) = _UNITS[begin], _UNITS[end]
    return f'<line class="edge" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _edge_label(name: str, value: float) -> str:
    begin, end, share, right, below = _EDGES[name]
    (x1, y1), (x2, y2) = _UNITS[begin], _UNITS[end]
    x, y = x1 + share * (x2 - x1) + right, y1 + share * (y2 - y1) + below
    return _text(x, y, _equation(name, value))


def _unit(name: str, exercise: Exercise) -> str:
    x, y = _UNITS[name]
    circle = f'<circle class="unit" cx="{x}" cy="{y}" r="{RADIUS}"/>'
    label = _text(x, y + 5, _subscripted(name))
    if name in exercise.given:
        above = y - RADIUS - 9 if name == "x1" else y + RADIUS + 20
        label += _text(x, above, _equation(name, exercise.given[name]))
    return circle + label


def _bias(name: str, value: float) -> str:
    x, y = _UNITS[_BIASES[name]]
    below = y + RADIUS + 20 if name == "b2" else y - RADIUS - 9
    return _text(x, below, _equation(name, value))


def _text(x: float, y: float, content: str) -> str:
    return f'<text class="label" text-anchor="middle" x="{x:.0f}" y="{y:.0f}">{content}</text>'


def _equation(name: str, value: float) -> str:
    return f"{_subscripted(name)} = {number(value)}"


def _subscripted(name: str) -> str:
    index = name[1:]
    if not index:
        return name
    return f'{name[0]}<tspan font-size="11" dy="4">{index}</tspan><tspan dy="-4">\u200b</tspan>'
