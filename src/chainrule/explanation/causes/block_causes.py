"""Why a slope of 0 is 0: the causes of a cut, link by link, decided from values and weights."""

from __future__ import annotations

import numpy as np

from chainrule.explanation.causes.cause import Cause, entry_names, listed, unit_names
from chainrule.explanation.causes.cuts import Block
from chainrule.explanation.causes.other_rows import OtherRows
from chainrule.explanation.causes.overflow import overflow_before, overflow_cause
from chainrule.explanation.causes.unit_causes import slope_of, unit_cause
from chainrule.explanation.routes.linking import CONVOLUTIONS, PRODUCTS
from chainrule.explanation.routes.links import Array
from chainrule.explanation.routes.pooling_links import POOLING
from chainrule.explanation.routes.sliding_links import kernel_meets
from chainrule.explanation.words import Words
from chainrule.ops.convolution import ONE_AXIS, TWO_AXES
from chainrule.ops.walks import Step


def block_cause(words: Words, rows: OtherRows, block: Block) -> Cause:
    """Return why the slopes of a block are 0, and what would have to be other."""
    step = words.trace.objective.steps[block.link.step]
    link = block.link
    if step.op.name in (*PRODUCTS, *CONVOLUTIONS) and link.place < 2:
        ask = _weights_of_zero if link.place == 0 else _of_weights
        return ask(words, rows, step, block)
    if step.op.kind == "elementwise":
        return unit_cause(words, rows, step, block.sources)
    if step.op.role == "loss" or step.op in [one.op for one in words.trace.objective.losses]:
        return _loss(words, rows, step, block)
    if step.op.name in ("average", "weighted_average_over_time"):
        return _weightless(words, rows, step, block)
    if step.op.name in POOLING and not _masked_out(words, step, block):
        return _loser(words, rows, step, block)
    if step.op.noise or _has_mask(words, step):
        return _masked(words, step, block.link.source, block.sources)
    return _no_slope(words, rows, step, block)


# ---- products ----


def _of_weights(words: Words, rows: OtherRows, step: Step, block: Block) -> Cause:
    """Return why what a weight is multiplied with is 0."""
    value = str(step.inputs[0])
    flat = _factors(words, step, block)
    x = np.asarray(words.trace.exact.values[value])
    if (x.reshape(-1)[flat] != 0).any():
        return _masked(words, step, block.link.source, block.sources)
    maker = next((one for one in words.trace.objective.steps if value in one.outputs), None)
    overflow = overflow_before(words, words.trace.exact, value, flat)
    if overflow:
        return overflow
    if maker is not None and maker.op.kind == "elementwise":
        before = np.asarray(words.trace.exact.values[str(maker.inputs[0])])
        if (slope_of(maker, before.reshape(-1)[flat]) == 0).all():
            return unit_cause(words, rows, maker, flat)
    if maker is not None and maker.op.name == "dropout":
        return _masked(words, maker, value, flat)
    start = _start_of_zeros(words, value)
    return start or _zero_input(words, rows, value, flat, block)


def _start_of_zeros(words: Words, value: str) -> Cause | None:
    """Return that a value is 0 because all weights that make it are 0."""
    for step in reversed(words.trace.objective.steps):
        if value not in step.outputs or not (step.op.kind == "elementwise" or step.op.learned):
            continue
        if step.op.kind == "elementwise":
            value = str(step.inputs[0])
            continue
        name = str(step.inputs[1])
        return _all_zeros(words, name)
    return None


def _all_zeros(words: Words, name: str) -> Cause | None:
    """Return that all weights of an array are 0, so that units cannot be told apart."""
    w = np.asarray(words.trace.exact.values[name])
    if w.size < 2 or w.any():
        return None
    return Cause(
        "symmetric start",
        (name,),
        f"All weights of {name} are 0: its units are not told from one another, and nothing gets "
        "through.",
        f"The weights of {name} would have to start from different numbers.",
        {"weights": float(w.size)},
    )


def _factors(words: Words, step: Step, block: Block) -> Array:
    """Return the flat places of what the weights of a block are multiplied with."""
    x = np.asarray(words.trace.exact.values[str(step.inputs[0])])
    if step.op.name in PRODUCTS:
        outputs = block.link.shape[1]
        return np.unique(block.targets // outputs * x.shape[-1] + block.sources // outputs)
    slide = {**(ONE_AXIS if x.ndim == 3 else TWO_AXES), **step.settings}
    _, channel, place, _ = kernel_meets(x.shape[1:], block.link.shape, slide, block.sources)
    seen = np.unique(channel * int(np.prod(x.shape[2:])) + place)
    rows = np.arange(len(x)) * int(np.prod(x.shape[1:]))
    return np.asarray((rows[:, None] + seen).reshape(-1))


def _zero_input(words: Words, rows: OtherRows, value: str, flat: Array, block: Block) -> Cause:
    units = unit_names(words, value, flat)
    first = next(iter(units))
    in_row = int(np.prod(np.shape(words.trace.exact.values[value])[1:]))
    place = int(units[first][0]) % in_row
    there = int((rows.values(value).reshape(rows.count, -1)[:, place] != 0).sum())
    is_input = value in words.trace.objective.plan.inputs
    weights = entry_names(words, block.link.source, block.sources)
    what = f"the input {first}" if is_input else first
    many = "" if len(words.trace.rows) == 1 else f" in all {len(words.trace.rows)} rows"
    return Cause(
        "zero input",
        tuple(units),
        f"{listed(weights)} multiplies {what}, which is 0{many}: what multiplies 0 moves nothing.",
        f"{first} would have to be other than 0; in {there} of {rows.count} rows it is.",
        {"rows": rows.count, "rows_with_a_number": there},
    )


def _weights_of_zero(words: Words, rows: OtherRows, step: Step, block: Block) -> Cause:
    """Return why the weights that lead on are 0."""
    name = str(step.inputs[1])
    w = np.asarray(words.trace.exact.values[name])
    if step.op.name in PRODUCTS:
        inputs, outputs = w.shape
        places = np.unique(block.sources % inputs * outputs + block.targets % outputs)
    else:
        places = np.flatnonzero(w.reshape(-1) == 0)
    if not len(places) or (w.reshape(-1)[places] != 0).any():
        return _masked(words, step, block.link.source, block.sources)
    names = entry_names(words, name, places)
    start = _all_zeros(words, name)
    if start is not None:
        return start
    verb = "is" if len(names) == 1 else "are"
    return Cause(
        "zero weight",
        names,
        f"{listed(names)} {verb} 0, and the routes lead over {'it' if verb == 'is' else 'them'}.",
        f"{listed(names)} would have to be other than 0.",
        {"weights": float(len(names))},
    )


# ---- the loss ----


def _loss(words: Words, rows: OtherRows, step: Step, block: Block) -> Cause:
    """Return why the loss has no slope: the row is right, or its shares say nothing more."""
    value, target = str(step.inputs[0]), str(step.inputs[1])
    made = np.asarray(words.trace.exact.values[value])
    aimed = np.asarray(words.trace.exact.values[target])
    names = entry_names(words, value, block.sources)
    given = made.reshape(-1)[block.sources]
    kept = given.tolist()
    numbers = {"prediction": float(kept[0])}
    if aimed.shape == made.shape:
        wanted = aimed.reshape(-1)[block.sources]
        numbers |= {"target": float(wanted[0]), "difference": float(given[0] - wanted[0])}
        on_it = "on the target" if (given == wanted).all() else f"for a target of {wanted[0]:.6g}"
        sentence = f"{listed(names)} is already right: it is {given[0]:.6g}, {on_it}."
        other = (
            f"With a target other than {wanted[0]:.6g}, or another prediction, there is a slope."
        )
        if step.op.name == "hinge":
            margin = 1.0 if wanted[0] > 0.5 else -1.0
            numbers["beyond the margin"] = float(abs(given[0] - margin))
            other = (
                f"It is {abs(given[0] - margin):.4g} beyond the margin, and would have to lose it."
            )
        return Cause("already right", names, sentence, other, numbers)
    width = made.shape[-1]
    labels = aimed.reshape(-1)[block.sources // width]
    on_label = labels == block.sources % width
    best = made.reshape(-1, width).argmax(axis=1)[block.sources // width] == labels
    if not best.all():
        return Cause(
            "saturation",
            names,
            f"The share that {step.op.name} gives to {listed(names)} is 0, too small to write.",
            "The numbers in front of the shares would have to come closer together.",
            numbers,
        )
    lead = float(_lead(made.reshape(-1, width)[block.sources // width]).min())
    return Cause(
        "already right",
        names if not on_label.all() else entry_names(words, value, block.sources[on_label]),
        f"The rows are already right: their class leads by {lead:.4g}, so that its share is 1 to "
        "the last digit.",
        f"With another label, or a lead below {-np.log(np.finfo(np.float64).eps):.3g}, there is a "
        "slope.",
        {**numbers, "lead": lead},
    )


def _lead(logits: Array) -> Array:
    ordered = np.sort(logits, axis=-1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])


def _weightless(words: Words, rows: OtherRows, step: Step, block: Block) -> Cause:
    names = entry_names(words, block.link.source, block.sources)
    return Cause(
        "weightless row" if step.op.name == "average" else "masked",
        names,
        f"{listed(names)} counts with a weight of 0.",
        "With a weight above 0 it would have a slope.",
    )


# ---- pooling and masks ----


def _loser(words: Words, rows: OtherRows, step: Step, block: Block) -> Cause:
    value, target = str(step.inputs[0]), str(step.outputs[0])
    content = np.asarray(words.trace.exact.values[value]).reshape(-1)
    made = np.asarray(words.trace.exact.values[target]).reshape(-1)
    lack = made[block.targets] - content[block.sources]
    least = int(np.argmin(lack))
    names = entry_names(words, value, block.sources)
    verb = "is" if len(names) == 1 else "are"
    return Cause(
        "pool loser",
        names,
        f"{listed(names)} {verb} not the largest that {target} sees, and a maximum passes the "
        "slope to the largest alone.",
        f"{entry_names(words, value, [int(block.sources[least])])[0]} would have to rise by more "
        f"than {lack[least]:.4g} to win.",
        {"rise": float(lack[least])},
    )


def _has_mask(words: Words, step: Step) -> bool:
    values = words.trace.exact.values
    return any(np.asarray(values[str(name)]).dtype.kind == "b" for name in step.inputs)


def _masked_out(words: Words, step: Step, block: Block) -> bool:
    """Whether a mask keeps the entries of a block from being pooled."""
    if not step.op.name.startswith("masked"):
        return False
    shape = np.shape(words.trace.exact.values[str(step.inputs[0])])
    mask = np.asarray(words.trace.exact.values[str(step.inputs[1])], dtype=bool)
    spread = np.broadcast_to(mask[..., None], shape).reshape(-1)
    return not spread[block.sources].any()


def _masked(words: Words, step: Step, value: str, flat: Array) -> Cause:
    names = entry_names(words, value, flat)
    verb = "is" if len(names) == 1 else "are"
    rate = step.settings.get("rate", step.op.settings.get("rate"))
    if step.op.noise and rate is not None:
        mode = words.trace.mode
        return Cause(
            "masked",
            names,
            f"{listed(names)} {verb} dropped by {step.op.name} in this step.",
            f"Each step drops with probability {rate:g}; another step than {mode.step}, or the "
            f"network as it predicts, keeps what passes.",
            {"rate": float(rate)},
        )
    return Cause(
        "masked",
        names,
        f"{listed(names)} {verb} masked out in {step.outputs[0]}.",
        "With the mask open there would be a slope.",
    )


def _no_slope(words: Words, rows: OtherRows, step: Step, block: Block) -> Cause:
    overflow = overflow_cause(words, words.trace.exact, step, block.sources)
    if overflow:
        return overflow
    names = entry_names(words, block.link.source, block.sources)
    mixes = bool(step.op.couples) and "softmax" in (step.op.name, *step.op.includes)
    saturated = mixes or step.op.name.startswith(("softmax", "log_softmax", "attention"))
    return Cause(
        "saturation" if saturated else "zero slope",
        names,
        f"{step.op.name} has a slope of 0 from {listed(names)} to {step.outputs[0]}.",
        "Other numbers there would have a slope.",
    )
