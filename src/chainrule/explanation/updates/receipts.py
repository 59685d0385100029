"""Receipts: the new weight of a step, unfolded to the gradients of all the steps that made it.

    gradient of the loss -> + penalties -> clipping -> decay, the optimizer's rule -> new weight

The step is taken again with the bits that it had (``replay``), the rule is read from the optimizer
(``update_rule``), and the memory of the optimizer is followed back (``step_flows``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import slice_of
from chainrule.engines.door import Work
from chainrule.explanation.faces import Faces
from chainrule.explanation.plain_numbers import plain_document
from chainrule.explanation.single_weights import SingleWeight, meaning_in_run, single_weight
from chainrule.explanation.updates.replay import Replay, Taken
from chainrule.explanation.updates.rule_text import RuleLine, rule_lines
from chainrule.explanation.updates.step_flows import (
    Contributions,
    held_contributions,
    parities,
    step_contributions,
)
from chainrule.explanation.updates.step_shares import StepShares, shares_of
from chainrule.explanation.updates.update_rule import (
    GRADIENT,
    HELD,
    LOSS,
    RATE,
    STEP,
    WEIGHT,
    UpdateRule,
    rule_of,
)
from chainrule.explanation.written import written
from chainrule.program import Tracing
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.step import TrainingStep

Array = NDArray[Any]

PLAIN, PENALISED = "plain", "penalised"
FORMAT = "chainrule receipt"
VERSION = 1
# More than this share of a step that an optimizer remembered at a snapshot is unfolded further.
WORTH_GOING_BACK = 0.01


@dataclass(frozen=True, eq=False)
class Receipt(Faces):
    """One step of one weight. Steps count from 0: step 120 is taken after 120 others.

    ``plain`` is the gradient of the loss, ``penalised`` that with the slopes of L1 and L2,
    ``gradient`` that after clipping, which the optimizer was given. ``lines`` are the rule of the
    update, with symbols and numbers. ``parts`` are the parts of ``after - before`` by step, and
    ``shares`` says them; ``held`` are arrays of the optimizer that only stretch the step, each with
    its own parts. ``exact`` says whether the replay has the bits of the run, in all of the
    ``compared`` losses and snapshots on its way; ``recomputed`` is the new weight by the lines, and
    ``rule_exact`` says whether these gave the engine's bits in every step that was followed.
    """

    target: str
    meaning: str
    step: int
    epoch: int
    optimizer: str
    formula: str
    dtype: str
    engine: str
    before: float
    after: float
    plain: float
    penalised: float
    gradient: float
    rate: float
    lines: tuple[RuleLine, ...]
    parts: Contributions
    shares: StepShares
    held: Mapping[str, StepShares]
    rows: tuple[int, ...]
    exact: bool
    compared: int
    apart: float
    recomputed: float
    rule_exact: bool
    call: str = ""

    @property
    def change(self) -> float:
        """The step: the new weight less the old one."""
        return self.after - self.before

    def sentence(self) -> str:
        """Return what the step was and where it came from, in words."""
        way = "up" if self.change > 0 else "down" if self.change < 0 else "somewhere"
        moved = f"{way} by {written(abs(self.change))}"
        text = (
            f"In step {self.step} (epoch {self.epoch + 1}) {self.optimizer} moved {self.target} "
            f"{moved if self.change else 'nowhere'}, from {written(self.before)} to "
            f"{written(self.after)}."
        )
        return f"{text} {self.shares.sentence()}"

    def sentences(self) -> tuple[str, ...]:
        """Return all that is to be said: the way of the gradient, the parts, the replay."""
        said = [self.sentence(), self._gradient_sentence()]
        for name, shares in self.held.items():
            said.append(f"'{name}' only stretches the step. {shares.sentence()}")
        return (*said, self._replay_sentence())

    def _gradient_sentence(self) -> str:
        text = f"The gradient of the loss, over {len(self.rows)} rows, was {written(self.plain)}"
        if self.penalised != self.plain:
            text += f"; penalties made it {written(self.penalised)}"
        if self.gradient != self.penalised:
            text += f"; clipping left {written(self.gradient)}"
        return text + "."

    def _replay_sentence(self) -> str:
        if not self.compared:
            return "The run recorded nothing on the way with which the replay could be compared."
        if self.exact:
            return (
                f"The replay, on the engine '{self.engine}' in {self.dtype}, has the bits of the "
                f"run in all {self.compared} numbers that were recorded on its way."
            )
        return (
            f"The replay does not have the bits of the run: its losses differ by up to "
            f"{written(self.apart)} of themselves. Another machine or number of threads does that."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt as plain data, in the form of docs/receipt.schema.json."""
        own = (
            "target", "meaning", "step", "epoch", "optimizer", "formula", "dtype", "engine",
            "before", "after", "change", "plain", "penalised", "gradient", "rate", "exact",
            "compared", "apart", "recomputed", "rule_exact", "call",
        )  # fmt: skip
        document = {
            "format": FORMAT,
            "version": VERSION,
            **{name: getattr(self, name) for name in own},
            "rows": list(self.rows),
            "lines": [one.to_dict() for one in self.lines],
            "shares": self.shares.to_dict(),
            "held": {name: one.to_dict() for name, one in self.held.items()},
            "sentences": list(self.sentences()),
        }
        return dict(plain_document(document))

    def __str__(self) -> str:
        return "\n".join((*self.sentences(), *map(str, self.lines)))


def receipt(
    run: Run | Replay, target: str, step: int, rows: tuple[Rows, Rows] | None = None
) -> Receipt:
    """Return how one weight moved in a step, counted from 0, and from which steps that came.

    ``target`` names one number of a trained parameter, "dense_1.W[2,0]". ``rows`` (training,
    validation): those of the run, see ``rows_of_run``. The steps before it are taken again, on the
    engine that trained, from the nearest snapshot, or from one further back where the optimizer
    remembered more than a hundredth of the step.
    Raises SetupError for a target or step that is not there, for frozen parameters, and for an
    optimizer that searches; DataError where the rows are missing or others.
    """
    replay = run if isinstance(run, Replay) else Replay(run, rows)
    weight = single_weight(replay.loop.objective, target)
    replay.check_step(step)
    rule = rule_of(replay.loop.step, weight.flat, replay.run.setup.dtype)
    work = _recording_work(replay.loop.step, weight.flat, replay.run.setup.dtype)
    first = replay.start_before(step)
    while True:
        taken = replay.taken(work, first, replay.checked_end(step))
        given, parts, values = _followed(replay, rule, taken, step)
        earlier = [one for one in replay.starts if one < min(first, 2 * first - step)]
        if not earlier and first > min(replay.starts):
            earlier = [min(replay.starts)]
        if not earlier or abs(parts.remembered) <= WORTH_GOING_BACK * parts.size:
            return _made(replay, weight, step, rule, taken, given, values, parts)
        first = max(earlier)


def _recording_work(step: TrainingStep, entry: int, dtype: Any) -> Work:
    """Return the training step with what concerns one parameter among its records."""
    tracing = Tracing(step.inputs())
    carried, count, *rest = tracing.symbols
    now = step.advance(carried, count, *rest)
    objective = step.objective
    plain = objective.flat_gradient(objective.gradients(now.values))
    # Equal equations are written once, so that none of this is computed twice.
    every = {WEIGHT: now.before, PLAIN: plain, PENALISED: now.gradient}
    every[GRADIENT] = step.clipped(now.gradient)
    held = dict(zip(step.state_names, rest, strict=False))
    rate = step.rate(count, rest[len(step.state_names) + 1])
    every |= {f"{HELD}{name}": one for name, one in held.items()} | {RATE: rate}
    records = {
        name: slice_of(one, 0, entry, entry + 1) if one.ndim else one for name, one in every.items()
    }
    names = ("parameters", "step", *step.state_names, "loss", "penalty", *records)
    made = [now.carried, count + 1, *now.moments, now.values["loss"], now.penalty]
    program = tracing.program([*made, *records.values()], names, dtype)
    return Work(program, carried=2 + len(held), fixed=2 + len(step.seeds))


def _followed(
    replay: Replay, rule: UpdateRule, taken: Taken, step: int
) -> tuple[dict[str, Array], Contributions, list[Array]]:
    """Return what the rule was given in each step up to this one, its parts, and its values."""
    count = step - taken.first + 1
    losses, penalties, *records = (one[:count].reshape(-1) for one in taken.records)
    names = (WEIGHT, PLAIN, PENALISED, GRADIENT, *rule.state, RATE)
    given: dict[str, Array] = dict(zip(names, records, strict=True))
    origin = replay.run.setup.origin
    given[STEP] = origin.optimizer_count(np.arange(taken.first, step + 1))
    given[LOSS] = losses + penalties
    asked = {name: given[name] for name in rule.inputs}
    values = rule.evaluated(asked)
    return given, step_contributions(rule, values, asked, taken.first), values


def _made(
    replay: Replay,
    weight: SingleWeight,
    step: int,
    rule: UpdateRule,
    taken: Taken,
    given: dict[str, Array],
    values: list[Array],
    parts: Contributions,
) -> Receipt:
    run = replay.run
    place = step - taken.first
    weights = taken.records[2].reshape(-1)
    ended = len(weights) == place + 1
    after = taken.state.parameters[weight.flat] if ended else weights[place + 1]
    parity = parities(rule)
    asked = {name: given[name] for name in rule.inputs}
    held = {
        one: shares_of(held_contributions(rule, values, asked, name, taken.first), f"'{one}'")
        for name, one in ((name, name.removeprefix(HELD)) for name in rule.state)
        if parity[rule.inputs[name]] == "even" and name not in rule.single
    }
    return Receipt(
        target=weight.name,
        meaning=meaning_in_run(run, weight),
        step=step,
        epoch=replay.epoch_of(step),
        optimizer=run.setup.optimizer.name,
        formula=run.setup.optimizer.formula,
        dtype=run.setup.dtype,
        engine=run.setup.engine,
        before=float(weights[place]),
        after=float(after),
        plain=float(given[PLAIN][-1]),
        penalised=float(given[PENALISED][-1]),
        gradient=float(given[GRADIENT][-1]),
        rate=float(given[RATE][-1]),
        lines=rule_lines(rule, values),
        parts=parts,
        shares=shares_of(parts, "this step"),
        held=held,
        rows=tuple(replay.rows_of(step).tolist()),
        exact=taken.exact,
        compared=taken.compared,
        apart=taken.apart,
        recomputed=float(values[rule.outputs[WEIGHT]][-1, 0]),
        rule_exact=all(
            np.array_equal(values[number][:-1, 0], given[name][1:], equal_nan=True)
            for name, number in rule.outputs.items()
        ),
    )
