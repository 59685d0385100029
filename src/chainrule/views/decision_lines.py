"""Decisions as a few lines: those that say the same of many columns stand together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.data.decisions import Decision

MOST_LINES = 40
MOST_NAMES, MOST_NAMES_OF_HINTS = 12, 100
# So many columns of which the same is said make one line.
ALIKE = 3
WORDS = {"number": "numbers", "category": "categories"}
WHOLE_TABLE = ("file", "target", "rows")
_MISSING = re.compile(r"; ([\d,]+) missing, filled in and marked$")
_PLAIN = {
    "number": re.compile(r"numbers from \S+ to \S+"),
    "category": re.compile(r"\d+ categor(y|ies) \(.*\)", re.DOTALL),
}
_PARTICULAR = re.compile(r"'[^']*'|\"[^\"]*\"|\S*\d\S*")


def decision_lines(decisions: Sequence[Decision], most: int = MOST_LINES) -> list[str]:
    """Return decisions in at most ``most`` lines and one that says how many more there are.

    What overrides a decision stands in brackets at the end of its line.
    """
    told = [one for one in decisions if one.kind in WHOLE_TABLE]
    of_columns = [one for one in decisions if one.kind not in WHOLE_TABLE]
    lines = [_line(one) for one in sorted(told, key=lambda one: WHOLE_TABLE.index(one.kind))]
    lines += _plain_lines(of_columns)
    groups = _alike([one for one in of_columns if not _is_plain(one)])
    room = max(most - len(lines), 0)
    if len(groups) > room:
        # What may be wrong is not left out before what is only told.
        groups.sort(key=lambda group: group[0].kind != "hint")
    lines += [_group_line(group) for group in groups[:room]]
    more = sum(len(group) for group in groups[room:])
    if more:
        lines.append(f"and {more:,} more: --json shows all")
    return lines


def _plain_lines(decisions: Sequence[Decision]) -> list[str]:
    """Return the lines of what is nothing special: a column of numbers, or of a few categories."""
    lines = []
    for kind, word in WORDS.items():
        plain = [one for one in decisions if one.kind == kind and _is_plain(one)]
        if plain:
            lines.append(f"{word}: {_names(plain)}" + _bracket_of(plain))
    missing = [(one, found[1]) for one in decisions if (found := _MISSING.search(one.text))]
    if missing:
        shown = ", ".join(f"{one.subject} {count}" for one, count in missing[:MOST_NAMES])
        more = len(missing) - MOST_NAMES
        shown += f" and {more:,} more columns" if more > 0 else ""
        lines.append(f"missing values: {shown} (filled in, and marked in an input)")
    return lines


def _is_plain(one: Decision) -> bool:
    pattern = _PLAIN.get(one.kind)
    return pattern is not None and pattern.fullmatch(_MISSING.sub("", one.text)) is not None


def _alike(decisions: Sequence[Decision]) -> list[list[Decision]]:
    """Return decisions in groups of which the same is said, smaller ones taken apart."""
    groups: dict[tuple[str, str, str], list[Decision]] = {}
    for one in decisions:
        said = _PARTICULAR.sub("#", one.text)
        groups.setdefault((one.kind, said, one.option.partition(" ")[0]), []).append(one)
    found = []
    for one in decisions:
        key = (one.kind, _PARTICULAR.sub("#", one.text), one.option.partition(" ")[0])
        if len(groups[key]) < ALIKE:
            found.append([one])
        elif one is groups[key][0]:
            found.append(groups[key])
    return found


def _group_line(group: Sequence[Decision]) -> str:
    if len(group) == 1:
        return _line(group[0])
    first = group[0]
    text = f"{first.kind}: {_names(group)}: as for {first.subject}, {_without_missing(first)}"
    return text + _bracket_of(group)


def _line(one: Decision) -> str:
    front = f"hint: {one.subject}" if one.kind == "hint" else one.subject
    return f"{front}: {_without_missing(one)}" + _bracket_of([one])


def _without_missing(one: Decision) -> str:
    # A line of its own says how many are missing.
    return _MISSING.sub("", one.text)


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
