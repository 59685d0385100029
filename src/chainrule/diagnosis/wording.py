"""Small wordings that every room here may use."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.diagnosis.probes.relative_error import WORST

# What stands behind the name of an error that ends at the worst that is known.
AT_MOST = f", at most {WORST:g}"
OF_A_CONSTANT = "the error of a constant prediction"


def first_up(text: str) -> str:
    """Return a text with a capital at its front."""
    return text[:1].upper() + text[1:]


def short(number: float) -> str:
    """Return a number with three digits."""
    return f"{number:.3g}"


def share_of(error: float, whose: str = "a constant prediction's", digits: int = 1) -> str:
    """Return a relative error as a part of a sentence: "98.3% of a constant prediction's".

    Errors are known up to ``WORST`` times the constant's; what is beyond is said in words.
    """
    if error >= WORST:
        return f"more than ten times {whose}"
    return f"{error:.{digits}%} of {whose}"


def times_of(error: float) -> str:
    """Return a relative error as a number of times, with three digits."""
    return "more than 10" if error >= WORST else short(error)


def listed(texts: Sequence[str]) -> str:
    """Return texts as a list in a sentence: a, b and c."""
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def named_rows(named: Sequence[int], most: int) -> str:
    """Return rows by what they are called: "row 7", "rows 3, 8 and 2 more"."""
    return f"{'row' if len(named) == 1 else 'rows'} {some_of(named, most)}"


def some_of(names: Sequence[object], most: int) -> str:
    """Return at most so many names in a sentence, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def numbered(texts: Sequence[str]) -> str:
    """Return texts as a numbered list in a sentence: (1) a; (2) b."""
    return "; ".join(f"({place}) {one}" for place, one in enumerate(texts, start=1))


def listed_apart(texts: Sequence[str]) -> str:
    """Return texts as a list in a sentence, numbered where one of them would run into the next."""
    runs_on = any(mark in one for one in texts for mark in (",", ";", " and "))
    return numbered(texts) if runs_on and len(texts) > 1 else listed(texts)


def imperative(words: str) -> str:
    """Return what a remedy says to do, to stand inside a sentence."""
    first = first_sentence(words).removesuffix(".")
    return first[:1].lower() + first[1:]


def first_sentence(words: str) -> str:
    """Return the first of the sentences of a remedy."""
    return words.partition(". ")[0].removesuffix(".") + "."


def name_and_unit(quantity: str) -> tuple[str, bool]:
    """Return the name of what an experiment measures, and whether it is in shares of a constant
    prediction's: "error, in shares of the best constant prediction's" is."""
    name, _, unit = quantity.partition(", ")
    return name, "constant prediction" in unit
