"""The bytes of a text file: in which encoding they are, and the same text in UTF-8."""

from __future__ import annotations

from chainrule.data.decisions import Decision, option
from chainrule.errors import DataError

UTF8_MARK = b"\xef\xbb\xbf"
# The longer marks first: that of UTF-32 begins like that of UTF-16.
MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
OLD_WINDOWS = "cp1252"
OTHER_OLD_WINDOWS = "cp1250"


def as_utf8(data: bytes, name: str, encoding: str | None) -> tuple[bytes, str, list[Decision]]:
    """Return the text of a file in UTF-8, the encoding that it had, and what was decided.

    Line ends become "\\n"; a mark at the start, and blanks and empty lines around the text, go.

    ``encoding`` is the one that was asked for. Without it a mark at the start decides, then whether
    the bytes are UTF-8; else they are taken for Windows-1252.

    Raises ``DataError`` if there is no text, or not in that encoding.
    """
    if not data.removeprefix(UTF8_MARK).strip():
        raise DataError(f"{name} is empty.", "Give a file with a header and rows.")
    if data.startswith(b"PK\x03\x04"):
        raise DataError(f"{name} is a spreadsheet or an archive.", "Save the table as CSV.")
    decisions: list[Decision] = []
    found = encoding or _encoding_of(data)
    if found == "utf-8":
        text = data.removeprefix(UTF8_MARK)
        if encoding is not None:
            _decoded(data, found, name)
    else:
        text = _decoded(data, found, name).encode("utf-8", "replace").removeprefix(UTF8_MARK)
        if encoding is None:
            decisions = [_said(found)]
    if b"\0" in text:
        raise DataError(f"{name} holds binary data and not text.", "Save the table as CSV.")
    text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n ").rstrip(b"\n ")
    if not text.strip():
        raise DataError(f"{name} is empty.", "Give a file with a header and rows.")
    return text + b"\n", found, decisions


def _encoding_of(data: bytes) -> str:
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            return encoding
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        # No text in Windows-1252 has a zero in it.
        return "utf-8" if b"\0" in data else OLD_WINDOWS
    return "utf-8"


def _decoded(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name} is not encoded as {encoding}: line {line} has the byte "
            f"0x{data[error.start]:02X}.",
            "Save it as UTF-8, or name its encoding: --encoding NAME.",
        ) from None
    except UnicodeError:
        raise DataError(
            f"{name} is not encoded as {encoding}.",
            "Save it as UTF-8, or name its encoding: --encoding NAME.",
        ) from None


def _said(encoding: str) -> Decision:
    if encoding == OLD_WINDOWS:
        text = "read as Windows-1252, because it is not UTF-8"
        return Decision("file", "file", text, option("--encoding", OTHER_OLD_WINDOWS))
    text = f"read as {encoding.upper()}, because of the mark at its start"
    return Decision("file", "file", text, option("--encoding", "utf-8"))
