"""A network as a table of layers, shapes and parameter counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.network.plan import Plan

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
        parts = ", ".join(
            f"{one.name.split('.', 1)[1]} {' x '.join(map(str, one.shape))}" for one in used
        )
        rows.append(
            (
                layer,
                steps[0].made_by,
                f"n x {' x '.join(map(str, shape))}" if shape else "n",
                parts,
                sum(one.size for one in used),
            )
        )
    return rows


def network_table(network: Network) -> str:
    """Return a network as text, one line for each layer."""
    if not network.is_sized:
        return "Network whose sizes are left to the data"
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
