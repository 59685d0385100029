"""Tables: the same values become the same columns from every source, and bad files say why."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data.choices import Choices
from chainrule.data.columns import MISSING_MARKERS
from chainrule.data.table import Table, read_table, table_from_frame
from chainrule.errors import DataError

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"


def write(folder: Path, content: bytes | str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def assert_same(first: Table, second: Table) -> None:
    assert first.names == second.names
    for name in first.names:
        assert first.columns[name].dtype == second.columns[name].dtype, name
        np.testing.assert_array_equal(first.columns[name], second.columns[name])


def test_heart_table_agrees_with_pandas() -> None:
    table = read_table(HEART)
    expected = pd.read_csv(HEART)
    assert table.rows == 303
    assert table.names == tuple(expected.columns)
    assert table.source == str(HEART)
    for name in table.names:
        if pd.api.types.is_numeric_dtype(expected[name]):
            np.testing.assert_array_equal(table.columns[name], expected[name].to_numpy(float))
        else:
            values = [None if pd.isna(value) else value for value in expected[name]]
            assert table.columns[name].tolist() == values
    assert np.isnan(table.columns["major_vessels_colored"]).sum() == 4
    assert table.columns["thal"].tolist().count(None) == 2


def test_heart_table_is_the_same_from_every_source(tmp_path: Path) -> None:
    table = read_table(HEART)
    frame = pd.read_csv(HEART)
    frame.to_parquet(tmp_path / "heart.parquet")
    frame.to_csv(tmp_path / "heart.tsv", sep="\t", index=False)
    sources: list[Table] = [
        read_table(tmp_path / "heart.parquet"),
        read_table(tmp_path / "heart.tsv"),
        table_from_frame(frame),
        table_from_frame(pl.read_csv(HEART)),
        table_from_frame(pl.scan_csv(HEART)),
        table_from_frame(pa.Table.from_pandas(frame)),
        table_from_frame({name: frame[name].tolist() for name in frame}),
        table_from_frame(dict(table.columns)),
    ]
    for other in sources:
        assert_same(table, other)


def test_select_keeps_the_given_order() -> None:
    table = table_from_frame({"a": [1, 2, 3], "b": ["x", None, "z"]}).select(np.array([2, 0]))
    assert table.rows == 2
    assert table.columns["a"].tolist() == [3.0, 1.0]
    assert table.columns["b"].tolist() == ["z", "x"]


@pytest.mark.parametrize("marker", [*MISSING_MARKERS, "NA", "N/A", "NaN", "NULL", "  ", " ? "])
def test_missing_markers(tmp_path: Path, marker: str) -> None:
    table = read_table(write(tmp_path, f"a,b\n1,x\n{marker},{marker}\n2,y\n"))
    assert np.isnan(table.columns["a"]).tolist() == [False, True, False]
    assert table.columns["b"].tolist() == ["x", None, "y"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1,x\n2,y\n", {"a": [1.0, 2.0], "b": ["x", "y"]}),
        ("a;b\n1,5;x\n2;y\n", {"a": [1.5, 2.0], "b": ["x", "y"]}),
        ('a,b\n"1,5",x\n', {"a": [1.5], "b": ["x"]}),
        (b"a,b\n1,\xe9\n".decode("latin-1"), {"a": [1.0], "b": ["é"]}),
        ("a,b,a\n1,2,3\n", {"a": [1.0], "b": [2.0], "a (2)": [3.0]}),
        (",b\n1,2\n", {"column_1": [1.0], "b": [2.0]}),
        ("a|b\n1|x\n", {"a": [1.0], "b": ["x"]}),
        ("a\tb\n\tx\n2\t\n", {"a": [None, 2.0], "b": ["x", None]}),
        ("a,b\r\n1,x\r\n", {"a": [1.0], "b": ["x"]}),
        ("a,b\r1,x\r", {"a": [1.0], "b": ["x"]}),
        ("\ufeffa,b\n1,x\n", {"a": [1.0], "b": ["x"]}),
        ("\na,b\n\n1,x\n\n2,y\n\n\n  \n", {"a": [1.0, 2.0], "b": ["x", "y"]}),
        ("a,b\n1,x", {"a": [1.0], "b": ["x"]}),
        ('a,"b, c"\n"1","x\ny"\n" 2","q,r"\n', {"a": [1.0, 2.0], "b, c": ["x\ny", "q,r"]}),
        ('a,b\n1,"the 5"" pipe"\n', {"a": [1.0], "b": ['the 5" pipe']}),
        (" a , b \n 1 , x \n", {"a": [1.0], "b": ["x"]}),
        ("a,b,\n1,x,\n", {"a": [1.0], "b": ["x"]}),
        ("a\n1\n\n2\n", {"a": [1.0, None, 2.0]}),
        ("chest pain\ntypical ang\n", {"chest pain": ["typical ang"]}),
        ("a,b\n1e3,+.5\n-2.,1_0\n", {"a": [1000.0, -2.0], "b": ["+.5", "1_0"]}),
        ("a,b\nTrue,TRUE\nfalse,?\n", {"a": ["true", "false"], "b": ["true", None]}),
        ("a,b\ntrue,\nmaybe,\n", {"a": ["true", "maybe"], "b": [None, None]}),
        ("größe,b\n1,ß\n", {"größe": [1.0], "b": ["ß"]}),
    ],
)
def test_text_files(
    tmp_path: Path, content: str, expected: dict[str, list[float | str | None]]
) -> None:
    table = read_table(write(tmp_path, content))
    found = {
        name: [None if value != value else value for value in column.tolist()]
        for name, column in table.columns.items()
    }
    assert found == expected


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n  \n", "is empty"),
        (b"a,b\n", "has a header and no rows"),
        (b"a,b\n1,\x81\n", "not encoded as cp1252: line 2 has the byte 0x81"),
        (b"\xff\xfea\x00,\x00b", "not encoded as utf-16: line 1 has the byte"),
        (b"a,b\n,\n,\n", "has no row with a value"),
        (b"PK\x03\x04....", "spreadsheet or an archive"),
        (b"a,b\n1,\x00\n", "binary data"),
        (b"a,b\n1,2\n\n3\n", "Row 2 of .* wrong number of cells: 1 where the header has 2"),
        (b"a,b\n1,2,3\n", "Row 1 of .* wrong number of cells: 3 where the header has 2"),
        (b"a~b\n1~2\n", "separate its columns by a tilde"),
        (b"a  b c\n1 2   x\n", "separate its columns by a blank"),
        (b'a,b\n"1,2\n', "quotation mark that is never closed"),
        (b'a,b\n5" pipe,1\n6" pipe,2\n', "quotation mark inside a cell"),
        (b"a,b\n1,2\nx,-inf\n", "Column 'b' is infinite in row 2"),
        (b"a,b\n1e999,2\n", "Column 'a' is infinite in row 1"),
    ],
)
def test_bad_text_files(tmp_path: Path, content: bytes, cause: str) -> None:
    with pytest.raises(DataError, match=cause) as caught:
        read_table(write(tmp_path, content))
    assert caught.value.remedy


def test_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, "a,b\n1,2\n", "patients.csv")
    with pytest.raises(DataError, match=r"no file .*Did you mean 'patients.csv'"):
        read_table(tmp_path / "patient.csv")
    with pytest.raises(DataError, match="no folder"):
        read_table(tmp_path / "nowhere" / "patient.csv")


def test_folders_and_other_kinds_of_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(DataError, match=r"ends in '.xlsx'"):
        read_table(write(tmp_path, "a,b\n1,2\n", "table.xlsx"))
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / ("long" * 100 + ".csv"))


def test_file_larger_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "a,b\n1,2\n")
    monkeypatch.setattr("chainrule.data.table._memory", lambda: 10)
    with pytest.raises(DataError, match="GiB of memory"):
        read_table(path)


def test_parquet_types(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "count": pl.Series([1, None, 3], dtype=pl.Int32),
            "share": [0.5, float("nan"), 2.0],
            "known": [True, False, None],
            "kind": pl.Series(["x", None, "y"], dtype=pl.Categorical),
            "digits": ["1", "2", "?"],
            "day": pl.Series(["2020-01-01", "2020-01-02", None]).str.to_date(),
        }
    )
    frame.write_parquet(tmp_path / "table.parquet")
    table = read_table(tmp_path / "table.parquet")
    np.testing.assert_array_equal(table.columns["count"], [1, np.nan, 3])
    np.testing.assert_array_equal(table.columns["share"], [0.5, np.nan, 2])
    np.testing.assert_array_equal(table.columns["digits"], [1, 2, np.nan])
    assert table.columns["known"].tolist() == ["true", "false", None]
    assert table.columns["kind"].tolist() == ["x", None, "y"]
    assert table.columns["day"].tolist() == ["2020-01-01", "2020-01-02", None]


@pytest.mark.parametrize("length", [0, 4, 100, 600])
def test_truncated_parquet(tmp_path: Path, length: int) -> None:
    pl.DataFrame({"a": list(range(500))}).write_parquet(tmp_path / "whole.parquet")
    content = (tmp_path / "whole.parquet").read_bytes()[:length]
    with pytest.raises(DataError, match=r"not a Parquet file|is empty"):
        read_table(write(tmp_path, content, "table.parquet"))


@pytest.mark.parametrize(
    ("frame", "cause"),
    [
        ([1, 2], "A list is no table"),
        (None, "A NoneType is no table"),
        (pd.Series([1, 2]), "A Series is no table"),
        ({}, "no columns"),
        ({"a": []}, "no rows"),
        (pd.DataFrame({"a": []}), "no rows"),
        ({"a": [1], "b": [1, 2]}, "Column 'b' has 2 values and column 'a' has 1"),
        ({"a": "text"}, "no sequence"),
        ({"a": 3}, "no sequence"),
        ({"a": [[1], [2]]}, "holds a list in a cell"),
        ({"a": np.eye(2)}, "holds a ndarray in a cell"),
        ({"a": [1.0, 2j]}, "complex"),
        ({"a": np.array([1j])}, "complex"),
        ({"a": [1, float("inf")]}, "infinite in row 2"),
        ({"a": [10**400]}, "infinite in row 1"),
        (pl.DataFrame({"a": [[1], [2]]}), "holds a list in a cell"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns of one name"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "two columns of one name"),
        ({1: [1], "1": [2]}, "two columns of one name"),
    ],
)
def test_bad_frames(frame: object, cause: str) -> None:
    with pytest.raises(DataError, match=cause):
        table_from_frame(frame)


def test_kinds_of_missing_values_in_frames() -> None:
    frame = pd.DataFrame(
        {
            "integer": pd.array([1, None], dtype="Int64"),
            "boolean": pd.array([True, None], dtype="boolean"),
            "object": pd.Series([pd.NA, "x"], dtype=object),
            "time": pd.to_datetime([None, "2020-01-01"]),
            "mixed": pd.Series([1, "x"], dtype=object),
            0: [np.nan, 1.0],
        }
    )
    table = table_from_frame(frame)
    np.testing.assert_array_equal(table.columns["integer"], [1, np.nan])
    assert table.columns["boolean"].tolist() == ["true", None]
    assert table.columns["object"].tolist() == [None, "x"]
    assert table.columns["time"].tolist() == [None, "2020-01-01 00:00:00"]
    assert table.columns["mixed"].tolist() == ["1", "x"]
    np.testing.assert_array_equal(table.columns["0"], [np.nan, 1])


CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\0", exclude_categories=["Cc"]), max_size=6
)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_any_quoted_text_is_read_as_from_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, rows: Sequence[tuple[str, str]]
) -> None:
    first, second = [row[0] for row in rows], [row[1] for row in rows]
    path = tmp_path_factory.mktemp("any") / "table.csv"
    pd.DataFrame({"a": first, "b": second}).to_csv(path, index=False, quoting=1)
    with_header = Choices(header=True)
    try:
        expected = table_from_frame({"a": first, "b": second})
    except DataError:
        with pytest.raises(DataError, match="infinite"):
            read_table(path, with_header)
        return
    assert_same(read_table(path, with_header), expected)


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=1))
def test_numbers_survive_a_text_file_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[float | None]
) -> None:
    cells = ["" if number is None else repr(number) for number in numbers]
    lines = "".join(f"{cell},x\n" for cell in cells)
    path = write(tmp_path_factory.mktemp("numbers"), "a,b\n" + lines)
    expected = np.array([np.nan if number is None else number for number in numbers])
    np.testing.assert_array_equal(read_table(path).columns["a"], expected)


def assert_table_or_sentence(path: Path) -> None:
    try:
        table = read_table(path)
    except DataError as error:
        sentences = (error.cause, error.remedy)
        assert all(sentences)
    else:
        assert table.rows > 0
        assert {len(column) for column in table.columns.values()} == {table.rows}


@given(st.binary(max_size=60))
def test_any_bytes_give_a_table_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = write(tmp_path_factory.mktemp("bytes"), content)
    assert_table_or_sentence(path)


@given(st.text(st.sampled_from('ab1.,;\t"\n |?'), max_size=40))
def test_any_nearly_right_text_gives_a_table_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: str
) -> None:
    path = write(tmp_path_factory.mktemp("nearly"), content)
    assert_table_or_sentence(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX file system")
def test_a_device_or_a_pipe_is_no_table(tmp_path: Path) -> None:
    for name in ("zero.csv", "zero.parquet"):
        (tmp_path / name).symlink_to("/dev/zero")
        with pytest.raises(DataError, match="is a device or a pipe"):
            read_table(tmp_path / name)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="is a device or a pipe"):
        read_table(tmp_path / "pipe.csv")
    (tmp_path / "link.csv").symlink_to(HEART)
    assert read_table(tmp_path / "link.csv").rows == 303
