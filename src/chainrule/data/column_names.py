"""Names of columns: what they say of the numbers below them, an identifier or a code."""

from __future__ import annotations

import re

SURE_NAMES = {"id", "ids", "uuid", "guid"}
LAST_NAMES = {"nr", "no", "number", "key", "code", "index"}
GROUP_NAMES = {"nr", "no"}
CODE_NAMES = {
    "zip", "plz", "postal", "phone", "telephone", "telefon", "tel", "fax", "iban", "bic", "isbn",
    "issn", "ean", "gtin", "upc", "sku", "fips", "naics", "ssn",
}  # fmt: skip
CODE_ENDS = ("code", "nummer")
NUMBERING_NAMES = {"nr", "no", "number"}
# "number of rooms", "lines of code": a count.
COUNTING_NAMES = {"of", "der", "von", "de"}
# Whom or what a row tells of, when several rows tell of one.
SUBJECTS = {
    "subject", "subj", "individual", "person", "pid", "patient", "participant", "respondent",
    "proband", "firm", "company", "firma", "household", "haushalt", "animal", "tier", "customer",
    "kunde", "client", "member", "user", "student", "pupil", "employee", "donor", "personne",
    "sujet", "paciente", "paziente", "empresa", "azienda", "entreprise",
}  # fmt: skip
NAMING_WORDS = {*SURE_NAMES, *NUMBERING_NAMES, "name", "code"}
# Numbers of these say where something is, and not which rows belong together.
PLACES = {"house", "haus", "street", "room", "flat", "apartment", "box", "postfach"}
BIRTHS = ("birth", "born", "dob", "geburt", "geboren", "naissance", "nacimiento", "nascita")
YEAR_NAMES = {"year", "yr", "jahr", "annee", "année", "año", "ano", "anno"}
BEFORE_YEARS = {"fiscal", "calendar", "survey", "study"}


def is_named_like_subject(name: str) -> bool:
    """Whether a column's name says whom a row tells of: "Subject", "pid", "firm name"."""
    words = _words(name)
    while len(words) > 1 and words[-1] in NAMING_WORDS:
        words.pop()
    return bool(words) and words[-1] in SUBJECTS


def is_named_like_place(name: str) -> bool:
    """Whether a column's name says that its numbers are those of houses, phones and the like."""
    return bool((PLACES | CODE_NAMES) & set(_words(name)))


def is_named_like_birth(name: str) -> bool:
    """Whether a column's name says that its dates are those of birth."""
    return any(word.startswith(BIRTHS) for word in _words(name))


def is_named_like_year(name: str) -> bool:
    """Whether a column's name says that it is the year of a row: "year", "fiscal year"."""
    words = _words(name)
    return bool(words) and words[-1] in YEAR_NAMES and set(words[:-1]) <= BEFORE_YEARS


def is_named_like_id(name: str, repeated: bool = False) -> bool:
    """Whether a column's name says that it numbers something: "patientId", "order no", "key".

    With ``repeated`` only those words that are not used for categories too.
    """
    words = _words(name)
    if not words:
        return False
    last = GROUP_NAMES if repeated else LAST_NAMES
    return bool(SURE_NAMES & set(words)) or words[-1] in last


def is_named_like_code(name: str) -> bool:
    """Whether a column's name says that its numbers are codes: "zip", "areaCode", "house nr"."""
    words = _words(name)
    if COUNTING_NAMES & set(words):
        return False
    if len(words) > 1 and words[-1] in NUMBERING_NAMES:
        return True
    return any(word in CODE_NAMES or word.endswith(CODE_ENDS) for word in words)


def _words(name: str) -> list[str]:
    apart = re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])", " ", name)
    return [word for word in re.split(r"[\W\d_]+", apart.lower()) if word]
