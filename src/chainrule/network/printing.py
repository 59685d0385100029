"""A network as a table of layers, shapes and parameter counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chainrule.network.plan import Parameter, Plan

if TYPE_CHECKING:
    from chainrule.network.network import Network


def layer_rows(plan: Plan) -> list[tuple[str, str, str, str, int]]:
    """Return (name, what it is, output shape, parameter shapes, parameter count) of each layer."""
    rows = []
    for layer in dict.fromkeys(one.layer for one in plan.steps):
        steps = [one for one in plan.steps if one.layer == layer]
        used = [
            plan.by_name[name]
            for name in dict.fromkeys(name for one in steps for name in one.inputs)
            if name in plan.by_name
        ]
        shape = plan.shapes[steps[-1].outputs[0]]
        rows.append(
            (
                layer,
                steps[0].made_by,
                f"n x {' x '.join(map(str, shape))}" if shape else "n",
                parameters_in_words(layer, used),
                sum(one.size for one in used),
            )
        )
    return rows


def parameters_in_words(layer: str, used: Sequence[Parameter]) -> str:
    """Return names and shapes of a layer's parameters: "W 4 x 3, b 3".

    Parts of a layer that have the same are named together: "query, key: W 4 x 4, b 4".
    """
    by_part: dict[str, list[str]] = {}
    for one in used:
        part, _, name = one.name.removeprefix(f"{layer}.").rpartition(".")
        by_part.setdefault(part, []).append(f"{name} {' x '.join(map(str, one.shape))}".strip())
    parts_of: dict[str, list[str]] = {}
    for part, shapes in by_part.items():
        parts_of.setdefault(", ".join(shapes), []).append(part)
    return "; ".join(
        shapes if parts == [""] else f"{', '.join(parts)}: {shapes}"
        for shapes, parts in parts_of.items()
    )


def network_table(network: Network) -> str:
    """Return a network as text, one line for each layer."""
    if not network.is_sized:
        given = network.open_layers()
        wide = max(map(len, given), default=0)
        lines = [f"    {name.ljust(wide)}  {layer}" for name, layer in given.items()]
        return "\n".join(["Network whose sizes are left to the data", *lines])
    plan = network.plan
    head = ("layer", "", "output", "parameters", "count")
    rows = [
        (name, "input", f"n x {' x '.join(map(str, shape))}", "", "")
        for name, shape in plan.inputs.items()
    ]
    rows += [(*row[:4], f"{row[4]:,}") for row in layer_rows(plan)]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(5)]
    lines = [
        "  ".join(
            part.rjust(width) if place == 4 else part.ljust(width)
            for place, (part, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *rows]
    ]
    total = sum(one.size for one in plan.parameters)
    return "\n".join([*lines, f"{total:,} parameters"])
