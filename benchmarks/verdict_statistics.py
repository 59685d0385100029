"""What many verdicts come to: shares with their intervals, beside what is known of other tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from report import aligned
from rounds import Quartiles, figures
from verdict_runs import AILMENTS, HEALTHY, TOO_STRONG

from chainrule.training.tables.intervals import Measured, wilson

NEARLY_ALWAYS = 0.9
# A short run may be judged for so long (seconds).
LEAST_SECONDS = 2.0


@dataclass(frozen=True)
class Judged:
    """One verdict. ``accepted``, ``named`` and ``suspected`` are names with spaces between."""

    name: str
    seed: int
    expected: str
    accepted: str
    treatable: bool
    said: str
    standing: str
    named: str
    suspected: str
    p: float
    d: float
    trainings: int
    run_seconds: float
    seconds: float
    before: float = np.nan
    after: float = np.nan
    fix_p: float = np.nan
    fix_d: float = np.nan

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing wrong with it."""
        return self.expected == HEALTHY

    @property
    def is_right(self) -> bool:
        """Whether the primary cause is the right one."""
        return self.said in self.accepted.split()

    @property
    def is_hit(self) -> bool:
        """Whether the right cause is among all that is proved, consequences included."""
        return bool({*self.accepted.split()} & {*self.named.split()})

    @property
    def is_alarm(self) -> bool:
        """Whether anything is said to be wrong."""
        return self.standing in ("ill", "unexplained")

    @property
    def is_in_time(self) -> bool:
        """Whether the verdict took no longer than the run, or two seconds."""
        return self.seconds <= max(self.run_seconds, LEAST_SECONDS)

    @property
    def is_fixed(self) -> bool:
        """Whether its fix is significantly better over its seeds."""
        return self.fix_p < 0.05 and self.fix_d >= 0.5


def share(found: Sequence[Judged], holds: Callable[[Judged], bool]) -> Measured:
    """Return in what share it holds, with Wilson's interval for as many cases as subjects.

    Seeds of one subject are alike, so that they do not count as cases of their own.
    """
    if not found:
        return Measured(np.nan, np.nan, np.nan)
    value = sum(map(holds, found)) / len(found)
    return wilson(value, len({one.name for one in found}))


def said(one: Measured) -> str:
    """Return a share and its interval as text."""
    if not one.known:
        return "-"
    return f"{one.value:.1%} ({one.low:.0%} to {one.high:.0%})"


def named_in_nine_of_ten(found: Sequence[Judged]) -> int:
    """Return for how many subjects the primary cause is right in 9 of 10 seeds or more."""
    return sum(
        float(np.mean([one.is_right for one in same])) >= NEARLY_ALWAYS
        for same in by_subject(found).values()
    )


def by_subject(found: Iterable[Judged]) -> dict[str, list[Judged]]:
    """Return name -> the verdicts of all its seeds."""
    parts: dict[str, list[Judged]] = {}
    for one in found:
        parts.setdefault(one.name, []).append(one)
    return parts


def sick(found: Sequence[Judged]) -> list[Judged]:
    return [one for one in found if not one.is_healthy]


def sound(found: Sequence[Judged]) -> list[Judged]:
    return [one for one in found if one.is_healthy]


# ---- the parts of the page ----


def summary(found: Sequence[Judged]) -> str:
    """Return the table of shares, beside what was published of other tools on other programs."""
    ill, well = sick(found), sound(found)
    alarms = [one for one in found if one.is_alarm]
    lines = []
    if ill:
        lines += [
            ["primary cause right", said(share(ill, lambda one: one.is_right)),
             "DEFault 63.5 % (any of up to five labels); DeepDiagnosis 28 of 52 right fixes; "
             "AUTOTRAINER 12 of 52 seen at all"],
            ["right cause among all proved", said(share(ill, lambda one: one.is_hit)),
             "recall: DeepFD .55"],
            ["something found wrong", said(share(ill, lambda one: one.is_alarm)),
             "DEFault 48 of 52"],
            ["precision: alarms that are right", said(share(alarms, lambda one: one.is_right)),
             "DeepFD .32"],
        ]  # fmt: skip
    if well:
        lines += [
            ["false alarms on healthy runs", said(share(well, lambda one: one.is_alarm)),
             "DeepDiagnosis 36 %, DeepLocalize 72 %, UMLAUT 87 %"],
            ["healthy runs called healthy", said(share(well, lambda one: one.said == HEALTHY)),
             "-"],
        ]  # fmt: skip
    return aligned(["measure", "chainrule (95 % interval)", "published, on other programs"], lines)


def by_ailment(found: Sequence[Judged]) -> str:
    """Return recall and precision of each ailment."""
    lines = []
    for ailment in (*AILMENTS, TOO_STRONG):
        own = [one for one in found if one.expected == ailment]
        if not own:
            continue
        named = [one for one in found if one.said == ailment]
        specimens = len(by_subject(own))
        lines.append(
            [
                ailment,
                str(specimens),
                said(share(own, lambda one: one.is_right)),
                said(share(own, lambda one: one.is_hit)),
                f"{named_in_nine_of_ten(own)} of {specimens}",
                said(share(named, lambda one: one.is_right)),
            ]
        )
    heads = ["ailment", "specimens", "primary right", "among all proved", "in 9 of 10 seeds"]
    return aligned([*heads, "precision"], lines) if lines else ""


def misses(found: Sequence[Judged]) -> str:
    """Return what was said of the subjects of which something else was expected."""
    lines = []
    for name, same in by_subject(found).items():
        right = sum(one.is_right for one in same)
        if right < len(same):
            others = Counter(one.said for one in same if not one.is_right)
            words = ", ".join(f"{other} {count}" for other, count in others.most_common())
            lines.append([name, f"{right} of {len(same)}", words])
    if not lines:
        return "Every verdict was the one that was expected."
    return aligned(["subject", "right", "said instead"], lines)


def fixes(found: Sequence[Judged]) -> str:
    """Return what the fixes came to, where they were made."""
    tried = [one for one in found if np.isfinite(one.after)]
    if not tried:
        return ""
    ill = [one for one in sick(tried) if one.treatable]
    worse = [one for one in sound(tried) if one.after > one.before + 0.01]
    gains = Quartiles.of([one.before - one.after for one in ill]) if ill else None
    return (
        f"Fixed, with p < 0.05 and d >= 0.5: {said(share(ill, lambda one: one.is_fixed))} of the "
        f"specimens that can be treated; the error fell by {gains} of the best constant "
        f"prediction's (median and quartiles). Healthy runs that a fix made worse: {len(worse)}."
    )


def cost(found: Sequence[Judged], watching: Sequence[float]) -> str:
    """Say what verdicts cost beside the runs that they judge, and what watching costs."""
    ratios = [one.seconds / max(one.run_seconds, 1e-9) for one in found]
    late = [one for one in found if not one.is_in_time]
    quick = [one.seconds for one in found if not one.trainings]
    texts = [
        f"A verdict takes {figures(float(np.median([one.seconds for one in found])))} s, the "
        f"longest {figures(max(one.seconds for one in found))} s; in times of its run "
        f"{figures(float(np.median(ratios)))}, at most {figures(max(ratios))}. Longer than the "
        f"run and 2 s: {len(late)} of {len(found)}."
    ]
    if quick:
        texts.append(
            f"Without a sign there is no experiment: {figures(float(np.median(quick)))} s."
        )
    if watching:
        texts.append(
            f"Watching (`readings='auto'`, the default, beside `readings=0`, interleaved) takes "
            f"{Quartiles.of(watching)} times as long: median and quartiles of {len(watching)} "
            "pairs."
        )
    return " ".join(texts)
