"""Files as people have them, each with what has to be read from it and what has to be said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chainrule.data.choices import Choices

SEMICOLON = ("file", "a semicolon between the columns", "--delimiter ,")


@dataclass(frozen=True)
class Ugly:
    """A file: what is ugly in it, its bytes, its columns, and (subject, text, option) as said."""

    name: str
    content: bytes | str
    columns: dict[str, list[Any]]
    said: list[tuple[str, str, str]] = field(default_factory=list)
    choices: Choices = field(default_factory=Choices)

    @property
    def data(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content.encode("utf-8")


def odd_numbers(*odd: str) -> str:
    numbers = [str(number * 0.5) for number in range(20)]
    return "v,y\n" + "".join(f"{cell},a\n" for cell in [*numbers, *odd])


HALVES = [number * 0.5 for number in range(20)]

UGLY = [
    Ugly(
        "utf-16 with a mark",
        "name,y\nZoë,1\nJosé,2\n".encode("utf-16"),
        {"name": ["Zoë", "José"], "y": [1, 2]},
        [("file", "read as UTF-16, because of the mark at its start", "--encoding utf-8")],
    ),
    Ugly(
        "utf-16, big end first",
        b"\xfe\xff" + "a,y\nß,1\nx,2\n".encode("utf-16-be"),
        {"a": ["ß", "x"], "y": [1, 2]},
        [("file", "read as UTF-16, because of the mark at its start", "--encoding utf-8")],
    ),
    Ugly(
        "windows-1252",
        "name,y\nZoë,1\n€uro,2\n".encode("cp1252"),
        {"name": ["Zoë", "€uro"], "y": [1, 2]},
        [("file", "read as Windows-1252, because it is not UTF-8", "--encoding cp1250")],
    ),
    Ugly(
        "an encoding that is named",
        "a,y\nž,1\nx,2\n".encode("cp1250"),
        {"a": ["ž", "x"], "y": [1, 2]},
        choices=Choices(encoding="cp1250"),
    ),
    Ugly(
        "vertical bars",
        "a|y\n1,5|x\n2|z\n",
        {"a": [1.5, 2], "y": ["x", "z"]},
        [
            ("file", "a vertical bar between the columns", "--delimiter ,"),
            ("file", "the comma is the decimal mark in 'a', '1,5' is 1.5", "--decimal ."),
        ],
    ),
    Ugly(
        "a delimiter that is named",
        "a^y\n1^x\n2^z\n",
        {"a": [1, 2], "y": ["x", "z"]},
        choices=Choices(delimiter="^"),
    ),
    Ugly(
        "sep= of Excel",
        "sep=;\r\na;y\r\n1;x\r\n2;z\r\n",
        {"a": [1, 2], "y": ["x", "z"]},
        [("file", "a semicolon between the columns, as its first line says", "--delimiter ,")],
    ),
    Ugly(
        "semicolons, with as many commas in every row",
        "1,5;2,5;x\n3,5;4,5;z\n",
        {"column_1": [1.5, 3.5], "column_2": [2.5, 4.5], "column_3": ["x", "z"]},
        [
            SEMICOLON,
            ("file", "no header: the first line reads like a row (1,5;2,5;x)", "--header"),
            (
                "file",
                "the comma is the decimal mark in 'column_1', and in 1 more column, '1,5' is 1.5",
                "--decimal .",
            ),
        ],
    ),
    Ugly(
        "a title above the header",
        "Report, of May\n\nvalue,unit,y\n1,m,x\n2,s,z\n",
        {"value": [1, 2], "unit": ["m", "s"], "y": ["x", "z"]},
        [("file", "1 line above the header passed over: 'Report, of May'", "")],
    ),
    Ugly(
        "comments above the header",
        "# made by a machine\n#\n# in May\na,y\n1,x\n2,z\n",
        {"a": [1, 2], "y": ["x", "z"]},
        [
            (
                "file",
                "3 lines above the header passed over: '# made by a machine', '#', '# in May'",
                "",
            )
        ],
    ),
    Ugly(
        "a header that begins with #",
        "#no,y\n3,x\n7,z\n",
        {"#no": [3, 7], "y": ["x", "z"]},
    ),
    Ugly(
        "no header",
        "63,1,?,no\n67,1,2.5,yes\n37,0,1,no\n",
        {
            "column_1": [63, 67, 37],
            "column_2": [1, 1, 0],
            "column_3": [None, 2.5, 1],
            "column_4": ["no", "yes", "no"],
        },
        [("file", "no header: the first line reads like a row (63,1,?,no)", "--header")],
    ),
    Ugly(
        "no header and no numbers",
        "yes,no\n" * 3 + "no,no\nno,yes\n" * 3,
        {
            "column_1": ["yes"] * 3 + ["no"] * 6,
            "column_2": ["no"] * 3 + ["no", "yes"] * 3,
        },
        [("file", "no header: the first line reads like a row (yes,no)", "--header")],
    ),
    Ugly(
        "a header of numbers, as is said",
        "1,2\n3,4\n5,7\n",
        {"1": [3, 5], "2": [4, 7]},
        choices=Choices(header=True),
    ),
    Ugly(
        "no header, as is said",
        "a,b\nc,d\n",
        {"column_1": ["a", "c"], "column_2": ["b", "d"]},
        choices=Choices(header=False),
    ),
    Ugly(
        "years as names",
        "country,2019,2020\nDE,1,2\nFR,3,5\n",
        {"country": ["DE", "FR"], "2019": [1, 3], "2020": [2, 5]},
    ),
    Ugly(
        "two columns of one name",
        "a,a,a (2),y\n1,2,3,x\n4,5,7,z\n",
        {"a": [1, 4], "a (3)": [2, 5], "a (2)": [3, 7], "y": ["x", "z"]},
        [("a (3)", "column 2 is one more that is named 'a'", "")],
    ),
    Ugly(
        "columns without names",
        ",a,\n0,x,3\n1,z,4\n",
        {"column_1": [0, 1], "a": ["x", "z"], "column_3": [3, 4]},
        [
            ("column_1", "column 1 has no name in the header", ""),
            ("column_3", "column 3 has no name in the header", ""),
        ],
    ),
    Ugly(
        "delimiters at the end of every line",
        "a;y;;;\n1;x;;;\n2;z;;;\n",
        {"a": [1, 2], "y": ["x", "z"]},
        [SEMICOLON],
    ),
    Ugly(
        "delimiters at the end of some lines, and empty rows",
        "a;b;y\n1;2;x;;\n\n;;z;\n3;;\n;;;;\n;;\n\n",
        {"a": [1, None, 3], "b": [2, None, None], "y": ["x", "z", None]},
        [SEMICOLON, ("rows", "2 empty rows at the end left out", "")],
    ),
    Ugly(
        "a delimiter at the end of the header alone",
        "a,y,\n1,x\n2,z\n",
        {"a": [1, 2], "y": ["x", "z"]},
    ),
    Ugly(
        "names in lines and blanks",
        '"blood\npressure ",  y\n1,x\n2,z\n',
        {"blood pressure": [1, 2], "y": ["x", "z"]},
    ),
    Ugly(
        "commas between thousands",
        'v,y\n"1,234.5",x\n"-12,345,678",z\n3,z\n',
        {"v": [1234.5, -12345678, 3], "y": ["x", "z", "z"]},
        [
            (
                "file",
                "the point is the decimal mark in 'v', '-12,345,678' is -12345678",
                "--decimal ,",
            )
        ],
    ),
    Ugly(
        "a comma that may be either, between commas",
        'v,y\n"1,234",x\n"2,345",z\n',
        {"v": [1234, 2345], "y": ["x", "z"]},
        [("file", "the point is the decimal mark in 'v', '1,234' is 1234", "--decimal ,")],
    ),
    Ugly(
        "a comma that may be either, between semicolons",
        "v;y\n1,234;x\n2,345;z\n",
        {"v": [1.234, 2.345], "y": ["x", "z"]},
        [
            SEMICOLON,
            ("file", "the comma is the decimal mark in 'v', '1,234' is 1.234", "--decimal ."),
        ],
    ),
    Ugly(
        "a comma that may be either, beside points",
        "v;w;y\n1,234;1.5;x\n2,345;2.25;z\n",
        {"v": [1.234, 2.345], "w": [1.5, 2.25], "y": ["x", "z"]},
        [
            SEMICOLON,
            ("file", "the comma is the decimal mark in 'v', '1,234' is 1.234", "--decimal ."),
        ],
    ),
    Ugly(
        "a decimal mark that is named",
        "v;y\n1,234;x\n2,345;z\n",
        {"v": [1234, 2345], "y": ["x", "z"]},
        [
            SEMICOLON,
            ("file", "the point is the decimal mark in 'v', '1,234' is 1234", "--decimal ,"),
        ],
        Choices(decimal="."),
    ),
    Ugly(
        "a decimal mark that is named, and no number has it",
        "v;y\n1,5;x\n2,25;z\n",
        {"v": ["1,5", "2,25"], "y": ["x", "z"]},
        [SEMICOLON],
        Choices(decimal="."),
    ),
    Ugly(
        "points between thousands, told by another column",
        "v;w;y\n1.234;1,5;x\n12.345;2,25;z\n",
        {"v": [1234, 12345], "w": [1.5, 2.25], "y": ["x", "z"]},
        [
            SEMICOLON,
            (
                "file",
                "the comma is the decimal mark in 'v', and in 1 more column, '1.234' is 1234",
                "--decimal .",
            ),
        ],
    ),
    Ugly(
        "points and commas",
        "v;y\n1.234,50;x\n-2,5;z\n3;z\n",
        {"v": [1234.5, -2.5, 3], "y": ["x", "z", "z"]},
        [
            SEMICOLON,
            ("file", "the comma is the decimal mark in 'v', '-2,5' is -2.5", "--decimal ."),
        ],
    ),
    Ugly(
        "blanks and apostrophes between thousands",
        "v,w,y\n1 234,1'234.5,x\n12\u202f345\u00a0678,12\u2019345,z\n",
        {"v": [1234, 12345678], "w": [1234.5, 12345], "y": ["x", "z"]},
        [
            ("v", "numbers with gaps between thousands", "--categorical v"),
            ("w", "numbers with gaps between thousands", "--categorical w"),
        ],
    ),
    Ugly(
        "currency in front",
        'the price,y\n$5,x\n"$1,200.50",z\n-$3,z\n\u2212 $4,x\n',
        {"the price": [5, 1200.5, -3, -4], "y": ["x", "z", "z", "x"]},
        [
            (
                "file",
                "the point is the decimal mark in 'the price', '$1,200.50' is 1200.5",
                "--decimal ,",
            ),
            (
                "the price",
                "numbers with '$' in front, which is cut off",
                "--categorical 'the price'",
            ),
        ],
    ),
    Ugly(
        "currency behind",
        "price;y\n5 €;x\n1.200,50 €;z\n",
        {"price": [5, 1200.5], "y": ["x", "z"]},
        [
            SEMICOLON,
            (
                "file",
                "the comma is the decimal mark in 'price', '1.200,50 €' is 1200.5",
                "--decimal .",
            ),
            ("price", "numbers in '€', which is cut off", "--categorical price"),
        ],
    ),
    Ugly(
        "per cent",
        "share,y\n5%,x\n7.5 %,z\n",
        {"share": [5, 7.5], "y": ["x", "z"]},
        [("share", "numbers in '%', which is cut off", "--categorical share")],
    ),
    Ugly(
        "a unit",
        "dose,y\n12 mg/l,x\n0.5mg/l,z\n",
        {"dose": [12, 0.5], "y": ["x", "z"]},
        [("dose", "numbers in 'mg/l', which is cut off", "--categorical dose")],
    ),
    Ugly(
        "two units",
        "dose,y\n12 kg,x\n12 lb,z\n",
        {"dose": ["12 kg", "12 lb"], "y": ["x", "z"]},
    ),
    Ugly(
        "leading zeros",
        "zip,v,y\n01234,0,x\n99999,0.5,z\n",
        {"zip": ["01234", "99999"], "v": [0, 0.5], "y": ["x", "z"]},
    ),
    Ugly(
        "leading zeros that are numbers, as is said",
        "zip,y\n01234,x\n99999,z\n",
        {"zip": [1234, 99999], "y": ["x", "z"]},
        choices=Choices(numeric=("zip",)),
    ),
    Ugly(
        "a few odd texts among numbers",
        odd_numbers("<5", ">100", "-", "unknown"),
        {"v": [*HALVES, None, None, None, None], "y": ["a"] * 24},
        [
            (
                "v",
                "numbers except for '<5', '>100', 'unknown', counted as missing",
                "--categorical v",
            )
        ],
    ),
    Ugly(
        "odd texts that are to be categories",
        odd_numbers("<5"),
        {"v": [*map(str, HALVES), "<5"], "y": ["a"] * 21},
        choices=Choices(categorical=("v",)),
    ),
    Ugly(
        "too many odd texts",
        odd_numbers("a", "b", "c"),
        {"v": [*map(str, HALVES), "a", "b", "c"], "y": ["a"] * 23},
    ),
    Ugly(
        "a few odd texts where only numbers count, as is said",
        "v,y\n1,x\n2 or 3,z\nmany,z\n",
        {"v": [1, None, None], "y": ["x", "z", "z"]},
        [("v", "numbers except for '2 or 3', 'many', counted as missing", "--categorical v")],
        Choices(numeric=("v",)),
    ),
    Ugly(
        "words for missing in text",
        "v,y\nnone,x\n-,z\nunknown,--\nmild,.\n",
        {"v": ["none", None, "unknown", "mild"], "y": ["x", "z", None, None]},
    ),
    Ugly(
        "a number that means missing, as is said",
        "v,w,y\n-999,a,x\n1,-999,z\n-999.0,b,z\n",
        {"v": [None, 1, None], "w": ["a", None, "b"], "y": ["x", "z", "z"]},
        choices=Choices(missing=("-999",)),
    ),
]
