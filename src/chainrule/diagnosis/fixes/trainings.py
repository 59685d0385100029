"""The trainings of a fix: those of each treatment that is compared, each made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.experiments.own_start import SAME_START, same_start
from chainrule.diagnosis.experiments.trained import outcome
from chainrule.diagnosis.fixes.judging import Groups
from chainrule.diagnosis.fixes.series import Series
from chainrule.diagnosis.remedies.joint import all_of
from chainrule.training.interrupts import held_interrupts
from chainrule.training.progress import Counted
from chainrule.training.rows import Rows
from chainrule.training.side_by_side import at_a_time, side_by_side

# Names and words of remedies, in the order in which they are applied.
Names = tuple[tuple[str, str], ...]
# No remedy: every training begins where the run did.
OWN_START = Remedy(SAME_START, "Begin where the run did.", same_start)


class Trainings:
    """Trainings by treatment, by part of the rows that judge, and by seed.

    ``judged_on``: the arrangements with all that was kept, one for each part; ``weighed``: the rows
    whose classes weigh the errors. A treatment is what remedies make of these arrangements.
    """

    def __init__(
        self, judged_on: Sequence[Arrangement], seeds: tuple[int, ...], weighed: Rows
    ) -> None:
        self.judged_on, self._weighed = list(judged_on), weighed
        # As many starts again are added where p alone is in doubt.
        self.seeds, self.more = seeds, tuple(range(seeds[0], seeds[0] + 2 * len(seeds)))
        self.kept: list[Remedy] = []
        # The seed that the run itself begins with.
        self.own = seeds[0]
        # By all their remedies, in their order.
        self._series: dict[Names, Series] = {}
        self._counted = Counted(_untold)

    @property
    def parts(self) -> int:
        """How many parts of the rows judge what fits all of them."""
        return len(self.judged_on)

    @property
    def is_empty(self) -> bool:
        """Whether no treatment was asked for."""
        return not self._series

    def tell(self, told: Callable[[int], None]) -> None:
        """Count the trainings from here on, and tell how many there are."""
        self._counted = Counted(told)

    def of(self, remedies: Sequence[Remedy], parts: int) -> Series:
        """Return the trainings with remedies beside all that were kept, on so many parts."""
        names = _names([*self.kept, *remedies])
        # What shows that a start is bad is made with orders, or starts, that are not the run's.
        leaves_own_out = OWN_START in remedies or any(one.seed is not None for one in remedies)
        series = self._series.setdefault(names, Series(first=int(leaves_own_out)))
        missing = self.judged_on[len(series.arrangements) : parts]
        change = all_of(remedies).change if remedies else _unchanged
        series.add_parts([change(one) for one in missing])
        return series

    def groups(self, series: Series, parts: int, seeds: Sequence[int] = ()) -> Groups:
        """Return trainings of so many parts, by default one for each seed of the fix."""
        return series.of_seeds(seeds or self.seeds, self._made, parts)

    def keep(self, remedies: Sequence[Remedy], parts: int, takes_more: bool) -> None:
        """Apply remedies to all that comes, which so many parts of the rows judge.

        ``takes_more``: they took more starts, so that all has as many.
        """
        # Where more parts judge what is kept than have judged all that was tried with it.
        self.of([], parts)
        last = self.of(remedies, parts)
        self.kept += remedies
        # Trainings of other treatments are not asked for any more.
        names = _names(self.kept)
        known = [(each, one) for each, one in self._series.items() if each[: len(names)] == names]
        self._series = {(): self._series[()], **dict(known), names: last}
        for one in self._series.values():
            one.keep_parts(parts)
        self.judged_on = list(last.arrangements)
        if takes_more:
            self.seeds = self.more
        for one in (self._series[()], last):
            self.groups(one, parts)

    def begin_with(self, seed: int) -> None:
        """Let the run itself begin with another seed."""
        self.own = seed
        self.judged_on = [one.begun_anew(seed) for one in self.judged_on]
        # Those that begin where it does begin elsewhere now.
        self._series = {names: one for names, one in self._series.items() if not one.first}

    def first_and_last(self) -> tuple[Groups, Groups]:
        """Return the trainings without any remedy, and with all that were kept; or none.

        On the parts of the rows that have judged.
        """
        if () not in self._series:
            return [], []
        both = self._series[()], self.of([], self.parts)
        parts = min(one.trained_parts for one in both)
        first, last = (self.groups(one, parts) for one in both)
        return first, last

    def started(self, arrangement: Arrangement, seed: int) -> Arrangement:
        """Return the training of a seed in full; that of the run's own start is looked at."""
        given = arrangement.setup
        ready = arrangement.started(seed, given.epochs)
        if seed != self.own:
            return ready
        setup = replace(ready.setup, readings=given.readings, snapshots=given.snapshots)
        return replace(ready, setup=setup)

    def _made(self, arrangements: Sequence[Arrangement], seeds: Sequence[int]) -> Groups:
        """Return the trainings of each arrangement, one for each seed. Raises KeyboardInterrupt."""
        count = len(seeds)
        jobs = [
            partial(outcome, self.started(one, seed), self._weighed)
            for one in arrangements
            for seed in seeds
        ]
        with held_interrupts() as interrupted:
            made = side_by_side(
                jobs,
                at_a_time(),
                interrupted,
                lambda place, one: self._counted.one_more(),
                lambda place: f"seed {seeds[place % count]}",
            )
            if interrupted():
                raise KeyboardInterrupt("The fix was interrupted, and nothing is kept.")
        return [made[place : place + count] for place in range(0, len(made), count)]


def _names(remedies: Sequence[Remedy]) -> Names:
    return tuple((one.name, one.words) for one in remedies)


def _unchanged(before: Arrangement) -> Arrangement:
    return before


def _untold(count: int) -> None:
    """Tell nobody."""
