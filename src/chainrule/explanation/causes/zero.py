"""Why a gradient is zero, tiny, huge or no number: causes, what blocks it, what would change it.

Everything is decided from values and weights. The pass in the run's own type says what the number
is; the one in float64 says what it would be without rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from chainrule.explanation.causes.behind_cuts import causes_behind
from chainrule.explanation.causes.block_causes import block_cause
from chainrule.explanation.causes.blow_ups import blow_ups
from chainrule.explanation.causes.cause import Cause, entry_names
from chainrule.explanation.causes.cuts import Cut, cuts_between
from chainrule.explanation.causes.laws import cancellation_causes, shift_laws
from chainrule.explanation.causes.no_path import no_path_causes
from chainrule.explanation.causes.other_rows import OtherRows
from chainrule.explanation.causes.possible_links import possible_links
from chainrule.explanation.causes.sizes import (
    is_huge,
    large_slopes,
    rounding_bound,
    small_slopes,
    tiny_beside,
)
from chainrule.explanation.causes.underflow import underflow_causes
from chainrule.explanation.entries import Entry, flat_place
from chainrule.explanation.plain_numbers import plain_number
from chainrule.explanation.routes.links import RouteLimitError
from chainrule.explanation.routes.tug_of_war import TugOfWar, tug_of_war
from chainrule.explanation.targets import Target, entry_of
from chainrule.explanation.trace import Trace
from chainrule.explanation.words import Words

# Where less than this share cancels, it is not for cancelling that a sum is 0.
HALF = 0.5
Verdict = Literal["zero", "tiny", "huge", "not finite", "ordinary"]


@dataclass(frozen=True)
class Why:
    """Why a gradient is what it is.

    ``gradient`` is that of the run's own type, ``exact`` that of float64, both 0 where nothing
    leads to the loss. ``cuts`` are sets of local derivatives of 0 that block every route, one
    behind another, each the smallest in its place; a derivative is named by its two ends. ``bound``
    is how far rounding may have moved the gradient. ``limit`` says in a sentence what could not be
    found, ``beside`` beside what a tiny gradient is tiny.
    """

    target: str
    verdict: Verdict
    gradient: float
    exact: float
    bound: float
    causes: tuple[Cause, ...]
    cuts: tuple[tuple[str, ...], ...] = ()
    dtype: str = "float64"
    limit: str = ""
    beside: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the causes, each once."""
        return tuple(dict.fromkeys(one.kind for one in self.causes))

    def sentence(self) -> str:
        """Return the verdict and its causes in words."""
        parts = [self._verdict_words()]
        for one in self.causes:
            parts += [one.sentence, one.counterfactual]
        if self.cuts:
            parts.append(self._cut_words())
        return " ".join(one for one in (*parts, self.limit) if one)

    def _verdict_words(self) -> str:
        of = f"The gradient of {self.target}"
        if self.verdict == "not finite" and math.isfinite(self.gradient):
            return f"The loss is no finite number in {self.dtype}. {of} is {self.gradient:.6g}."
        if self.verdict == "not finite":
            return f"{of} is no number in {self.dtype}."
        if self.verdict == "zero":
            return f"{of} is 0." if self.gradient == 0 else f"{of} is 0 but for rounding."
        size = f"{of} is {self.gradient:.6g}"
        if self.verdict == "ordinary":
            return f"{size}, an ordinary number: rounding moves it by {self.bound:.2g} at most."
        return f"{size}, which is {' '.join((self.verdict, self.beside)).strip()}."

    def _cut_words(self) -> str:
        behind = [_counted(len(one)) for one in self.cuts]
        if len(behind) == 1:
            return f"Every route is blocked by {behind[0]} of 0."
        return (
            f"Every route is blocked {len(behind)} times over, by {', then by '.join(behind)} of "
            "0: all have to open."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            "target": self.target,
            "verdict": self.verdict,
            "gradient": plain_number(self.gradient),
            "exact": plain_number(self.exact),
            "bound": plain_number(self.bound),
            "dtype": self.dtype,
            "causes": [one.to_dict() for one in self.causes],
            "cuts": [list(one) for one in self.cuts],
            "limit": self.limit,
            "sentence": self.sentence(),
        }


def _counted(count: int) -> str:
    return "one local derivative" if count == 1 else f"{count} local derivatives"


def why(
    trace: Trace,
    target: str | Entry | Target,
    all_rows: Sequence[Any] | None = None,
    words: Words | None = None,
) -> Why:
    """Return why the gradient at one entry is zero, tiny, huge, no number, or an ordinary one.

    ``all_rows`` are the inputs of the network for all rows of a table, in the order of the plan:
    they say in how many rows a unit speaks. Raises SetupError for a target that is not one number.
    """
    words = words or Words(trace)
    entry = entry_of(words, target)
    own, exact = (_gradient(one.gradients, entry) for one in (trace.own, trace.exact))
    rows = OtherRows(trace, all_rows)
    asked = _Asked(words, rows, entry, 0.0 if own is None else own, 0.0 if exact is None else exact)
    if not math.isfinite(trace.own.loss) or not math.isfinite(asked.own):
        return asked.answer("not finite", blow_ups(words))
    if exact is None:
        return asked.answer("zero", no_path_causes(words, rows, entry))
    return _by_routes(asked, tug_of_war(trace, entry, words))


def _gradient(gradients: Any, entry: Entry) -> float | None:
    found = gradients.get(entry.value)
    return None if found is None else float(np.asarray(found)[entry.place])


@dataclass(frozen=True)
class _Asked:
    """The number that is asked about, with its gradient in both passes."""

    words: Words
    rows: OtherRows
    entry: Entry
    own: float
    exact: float

    def answer(
        self,
        verdict: Verdict,
        causes: Sequence[Cause],
        bound: float = 0.0,
        cuts: Sequence[Cut] = (),
        limit: str = "",
        beside: str = "",
    ) -> Why:
        """Return the answer; that the entry is frozen is always a cause."""
        return Why(
            self.words.name(self.entry),
            verdict,
            self.own,
            self.exact,
            bound,
            (*self._frozen(), *causes),
            tuple(_cut_names(self.words, one) for one in cuts),
            self.words.trace.own.dtype,
            limit,
            beside,
        )

    def _frozen(self) -> tuple[Cause, ...]:
        frozen = [one.name for one in self.words.trace.objective.frozen.parameters]
        if self.entry.value not in frozen:
            return ()
        name = self.words.name(self.entry)
        return (
            Cause(
                "frozen",
                (name,),
                f"{name} is frozen: training leaves {self.entry.value} as it is.",
                f"Trained, it would follow a gradient of {self.exact:.6g}.",
                {"gradient": self.exact},
            ),
        )


def _by_routes(asked: _Asked, tug: TugOfWar) -> Why:
    """Return the answer from the routes of an entry that the loss has a slope towards."""
    words, entry = asked.words, asked.entry
    if tug.limit and not tug.routes:
        return _without_routes(asked, tug.limit)
    if not tug.routes:
        return _blocked(asked)
    sizes = tug.positive + tug.negative
    exact_bound = rounding_bound(tug.links, sizes, "float64")
    bound = rounding_bound(tug.links, sizes, words.trace.own.dtype)
    if sizes == 0 or (asked.own == 0 and abs(asked.exact) > exact_bound):
        return asked.answer("zero", underflow_causes(words, tug, asked.exact), bound)
    if abs(asked.exact) <= exact_bound and tug.cancels < HALF:
        return asked.answer("zero", underflow_causes(words, tug, asked.exact), bound)
    if abs(asked.exact) <= exact_bound:
        amounts = (tug.positive, tug.negative)
        return asked.answer("zero", cancellation_causes(words, entry, tug.links, amounts), bound)
    if abs(asked.own) <= bound:
        beside = "beside what rounding can do to its sum"
        return asked.answer("tiny", (_lost(asked, tug, bound),), bound, beside=beside)
    if is_huge(words, entry, asked.own):
        return asked.answer("huge", large_slopes(words, tug), bound)
    beside = tiny_beside(words, entry, asked.own)
    if beside:
        return asked.answer("tiny", small_slopes(words, tug), bound, beside=beside)
    return asked.answer("ordinary", (), bound)


def _blocked(asked: _Asked) -> Why:
    """Return what blocks all routes, cut by cut, and what would cancel behind them."""
    words, entry = asked.words, asked.entry
    steps, values = words.trace.objective.steps, words.trace.exact.values
    place = flat_place(words.trace, entry)
    kept = [one.name for one in words.trace.objective.plan.state]
    try:
        links = possible_links(steps, values, entry.value, place, kept)
        cuts = cuts_between(links, entry.value, place)
    except RouteLimitError as limit:
        return _without_routes(asked, str(limit))
    if cuts is None:
        return asked.answer("zero", no_path_causes(words, asked.rows, entry))
    causes = [block_cause(words, asked.rows, one) for cut in cuts for one in cut.blocks]
    causes += causes_behind(words, entry, links, cuts)
    unique = {(one.kind, one.where): one for one in causes}
    return asked.answer("zero", tuple(unique.values()), 0.0, cuts)


def _without_routes(asked: _Asked, limit: str) -> Why:
    """Return what can be said where routes cannot be told apart: size, and laws."""
    words, gradient = asked.words, asked.own
    largest = max((np.abs(one).max() for one in words.trace.exact.gradients.values()), default=0.0)
    bound = float(np.finfo(words.trace.own.dtype).eps) * float(largest)
    if abs(gradient) <= bound:
        return asked.answer("zero", shift_laws(words, asked.entry), bound, limit=limit)
    if is_huge(words, asked.entry, gradient):
        return asked.answer("huge", (), bound, limit=limit)
    beside = tiny_beside(words, asked.entry, gradient)
    return asked.answer("tiny" if beside else "ordinary", (), bound, limit=limit, beside=beside)


def _lost(asked: _Asked, tug: TugOfWar, bound: float) -> Cause:
    name = asked.words.name(asked.entry)
    dtype = asked.words.trace.own.dtype
    return Cause(
        "lost in rounding",
        (name,),
        f"Routes of +{tug.positive:.6g} and -{tug.negative:.6g} leave {asked.exact:.4g}, and "
        f"rounding in {dtype} can move their sum by {bound:.2g}.",
        "Its sign may be that of rounding; in float64 more of it is left."
        if dtype != "float64"
        else "Its sign may be that of rounding.",
        {"bound": bound, "exact": asked.exact},
    )


def _cut_names(words: Words, cut: Cut) -> tuple[str, ...]:
    """Return the entry in front of each local derivative of a cut, with what it leads to."""
    names = []
    for block in cut.blocks:
        for source, target in zip(block.sources, block.targets, strict=True):
            before = entry_names(words, block.link.source, [int(source)])[0]
            behind = entry_names(words, block.link.target, [int(target)])[0]
            names.append(f"{before} -> {behind}")
    return tuple(names)
