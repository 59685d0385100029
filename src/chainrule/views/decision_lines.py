"""Decisions as a few lines: those that say the same of many columns stand together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.data.decisions import Decision
from chainrule.data.hints import is_total_hint
from chainrule.training.tables.doubtful_columns import SAYS_THE_TARGET, is_giveaway_hint

MOST_LINES = 40
MOST_NAMES, MOST_NAMES_OF_HINTS = 12, 100
# So many columns of which the same is said make one line.
ALIKE = 3
MOST_GROUPS_BESIDE = 2
WORDS = {"number": "numbers", "category": "categories"}
WHOLE_TABLE = ("file", "target", "rows")
_PARTICULAR = re.compile(r"'[^']*'|\"[^\"]*\"|\S*\d\S*")


def decision_lines(
    decisions: Sequence[Decision], in_full: str, most: int = MOST_LINES
) -> list[str]:
    """Return decisions in at most ``most`` lines and one that says how many more there are.

    That line ends with ``in_full``, which says where all are. What overrides a decision stands in
    brackets at the end of its line.
    """
    told = [one for one in decisions if one.kind in WHOLE_TABLE]
    of_columns = [one for one in decisions if one.kind not in WHOLE_TABLE]
    lines = [_line(one) for one in sorted(told, key=lambda one: WHOLE_TABLE.index(one.kind))]
    lines += _plain_lines(of_columns)
    groups = _alike([one for one in of_columns if not one.plain])
    room = max(most - len(lines), 0)
    if len(groups) > room:
        # What may be wrong is not left out before what is only told.
        groups.sort(key=lambda group: group[0].kind != "hint")
    lines += [_group_line(group) for group in groups[:room]]
    more = sum(len(group) for group in groups[room:])
    if more:
        lines.append(f"and {more:,} more: {in_full}")
    return lines


def beside_result(decisions: Sequence[Decision], has_groups: bool) -> list[str]:
    """Return what a result is not to be read without: columns that say the target by themselves,
    rows that may belong together, and totals.

    ``has_groups`` says that rows are kept together already, as they were asked to be.
    """
    hints = [one for one in decisions if one.kind == "hint"]
    groups = [one for one in hints if one.option.startswith("--group ") and not has_groups]
    told = [one for one in hints if is_giveaway_hint(one)]
    more = f" (and {len(told) - 1:,} columns more)" if len(told) > 1 else ""
    said = [
        f"The column {one.subject}{more} {SAYS_THE_TARGET}, so that the result may be none: "
        f"{one.option}."
        for one in told[:1]
    ]
    said += [
        f"Rows of one {one.subject} may be on both sides: {one.option}."
        for one in groups[:MOST_GROUPS_BESIDE]
    ]
    totals = [one for one in hints if is_total_hint(one)]
    return said + [f"Among the rows, {one.text}: {one.option}." for one in totals]


def _plain_lines(decisions: Sequence[Decision]) -> list[str]:
    """Return the lines of what is nothing special: a column of numbers, or of a few categories."""
    lines = []
    for kind, word in WORDS.items():
        plain = [one for one in decisions if one.kind == kind and one.plain]
        if plain:
            lines.append(f"{word}: {_names(plain)}" + _bracket_of(plain))
    missing = [one for one in decisions if one.missing]
    if missing:
        shown = ", ".join(f"{one.subject} {one.missing:,}" for one in missing[:MOST_NAMES])
        more = len(missing) - MOST_NAMES
        shown += f" and {more:,} more columns" if more > 0 else ""
        lines.append(f"missing values: {shown} (filled in, and marked in an input)")
    return lines


def _alike(decisions: Sequence[Decision]) -> list[list[Decision]]:
    """Return decisions in groups of which the same is said, smaller ones taken apart."""
    groups: dict[tuple[str, str, str, bool], list[Decision]] = {}
    for one in decisions:
        groups.setdefault(_likeness(one), []).append(one)
    found = []
    for one in decisions:
        alike = groups[_likeness(one)]
        if len(alike) < ALIKE:
            found.append([one])
        elif one is alike[0]:
            found.append(alike)
    return found


def _likeness(one: Decision) -> tuple[str, str, str, bool]:
    """Return what decisions have in common that say the same of their columns."""
    said = _PARTICULAR.sub("#", one.text)
    return one.kind, said, one.option.partition(" ")[0], one.missing > 0


def _group_line(group: Sequence[Decision]) -> str:
    if len(group) == 1:
        return _line(group[0])
    first = group[0]
    text = f"{first.kind}: {_names(group)}: as for {first.subject}, {first.text}"
    return text + _bracket_of(group)


def _line(one: Decision) -> str:
    front = f"hint: {one.subject}" if one.kind == "hint" else one.subject
    return f"{front}: {one.text}" + _bracket_of([one])


def _names(decisions: Sequence[Decision]) -> str:
    most = MOST_NAMES_OF_HINTS if decisions[0].kind == "hint" else MOST_NAMES
    names = ", ".join(one.subject for one in decisions[:most])
    more = len(decisions) - most
    if more > 0:
        return f"{names} and {more:,} more"
    return names if len(decisions) == 1 else f"{names} ({len(decisions)} columns)"


def _bracket_of(group: Sequence[Decision]) -> str:
    """Return what overrides decisions: of one column as it is typed, of several for any NAME."""
    option = group[0].option
    if len(group) > 1 and option:
        option = f"{option.partition(' ')[0]} NAME"
    return f"  [{option}]" if option else ""
