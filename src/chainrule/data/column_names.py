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
