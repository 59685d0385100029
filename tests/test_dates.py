"""Dates and times as people write them: names of months, no marks at all, no date at all."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data.choices import Choices
from chainrule.data.clock import HOURS, hours_in
from chainrule.data.columns import object_array
from chainrule.data.date_column import DateColumn
from chainrule.data.dates import are_written_dates, date_form, days_of, days_of_numbers, written_day
from chainrule.data.decisions import Decision
from chainrule.data.fields import CategoryColumn, NumberColumn
from chainrule.data.kinds import Kinds, decide_kinds, said_of_reading
from chainrule.data.preparation import Preparation
from chainrule.data.table import Table, read_table, table_from_frame
from chainrule.errors import DataError

ROWS = 24


def table_of(values: list[Any], **choices: Any) -> Table:
    columns = {"v": values, "w": [row * 0.5 for row in range(len(values))]}
    columns["y"] = (["a", "b"] * len(values))[: len(values)]
    return table_from_frame(columns, choices=Choices(**choices))


def kinds_of(values: list[Any], **choices: Any) -> Kinds:
    return decide_kinds(table_of(values, **choices), "y", Choices(**choices))


def first_said(values: list[Any], **choices: Any) -> tuple[str, str, str]:
    found = [one for one in kinds_of(values, **choices).decisions if one.subject == "v"]
    return found[0].kind, found[0].in_words, found[0].option


# ---------------------------------------------------------------- names of months


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("12 Mar 2021", "2021-03-12"), ("12 March 2021", "2021-03-12"),
        ("March 12, 2021", "2021-03-12"), ("Mar. 12 2021", "2021-03-12"),
        ("12-Mar-21", "2021-03-12"), ("12-MAR-1999", "1999-03-12"),
        ("12-Mar-69", "1969-03-12"), ("12-Mar-68", "2068-03-12"),
        ("12MAR2021", "2021-03-12"), ("2021-Mar-12", "2021-03-12"),
        ("2021 March 12", "2021-03-12"), ("12th of March 2021", "2021-03-12"),
        ("March 3rd, 2021", "2021-03-03"), ("Mar 2021", "2021-03-01"),
        ("March, 2021", "2021-03-01"), ("Mar-21", "2021-03-01"), ("2021 Mar", "2021-03-01"),
        ("Fri, 12 Mar 2021", "2021-03-12"), ("Friday, March 12, 2021", "2021-03-12"),
        ("12 sept. 2021", "2021-09-12"), ("3. März 2021", "2021-03-03"),
        ("15. Dez. 2020", "2020-12-15"), ("1er août 2021", "2021-08-01"),
        ("4 février 2021", "2021-02-04"), ("12 de marzo de 2021", "2021-03-12"),
        ("3 ene 2021", "2021-01-03"), ("12 maggio 2021", "2021-05-12"), ("1 giu 21", "2021-06-01"),
        ("31 Feb 2021", None), ("12 Jui 2021", None), ("12 Ma 2021", None), ("May", None),
        ("12 March", None), ("March 12", None), ("12 Marchen 2021", None),
        ("the 12 Mar 2021", None), ("12 apples 2021", None), ("sold 2021", None),
    ],
)  # fmt: skip
def test_a_date_with_the_name_of_a_month(text: str, day: str | None) -> None:
    for order in ("dmy", "mdy", "ymd"):
        found, wrong = days_of(object_array([text, None]), order)
        assert wrong.tolist() == [day is None, False]
        if day is not None:
            assert written_day(found[0]) == day


# In English, German, French, Spanish and Italian, and as some write them besides.
NAMES = {
    1: "January Januar janvier enero gennaio Jänner",
    2: "February Februar février febrero febbraio",
    3: "March März mars marzo marzo Maerz Mrz",
    4: "April April avril abril aprile",
    5: "May Mai mai mayo maggio",
    6: "June Juni juin junio giugno",
    7: "July Juli juillet julio luglio",
    8: "August August août agosto agosto",
    9: "September September septembre septiembre settembre setiembre",
    10: "October Oktober octobre octubre ottobre",
    11: "November November novembre noviembre novembre",
    12: "December Dezember décembre diciembre dicembre",
}


@pytest.mark.parametrize("month", NAMES)
def test_names_of_months_in_five_languages(month: int) -> None:
    for name in NAMES[month].split():
        days, wrong = days_of(
            object_array([f"5 {name} 2021", f"{name.upper()} 5, 2021", f"{name} 2021"]), "dmy"
        )
        assert not wrong.any()
        fifth = f"2021-{month:02}-05"
        assert [written_day(day) for day in days] == [fifth, fifth, f"2021-{month:02}-01"]


FORMS = ["%d %b %Y", "%d-%b-%Y", "%B %d, %Y", "%Y-%b-%d", "%d %B %Y %H:%M", "%b %d %Y %I:%M %p",
         "%a, %d %b %Y %H:%M:%S", "%a, %d %b %Y %H:%M:%S GMT", "%d%b%Y"]  # fmt: skip


@given(
    st.sampled_from(FORMS),
    st.lists(st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)), min_size=1, max_size=20),
)
def test_dates_with_names_survive_every_form(form: str, moments: list[datetime]) -> None:
    texts = [moment.strftime(form) for moment in moments]
    days, wrong = days_of(object_array(texts), "dmy")
    expected = [datetime.strptime(text, form) for text in texts]
    found = (days * 86400).round().astype("timedelta64[s]") + np.datetime64("1970-01-01")
    assert not wrong.any()
    assert found.tolist() == expected
    seen = date_form(object_array(texts))
    assert seen is not None
    assert (seen.order, seen.sure) == ("ymd", True)


def test_a_column_of_dates_with_names_of_months() -> None:
    values = [f"{day} Mar 2021" for day in range(1, ROWS + 1)]
    expected = "dates from 2021-03-01 to 2021-03-24, taken as a number of days"
    assert first_said(values) == ("date", expected, "--categorical v")
    preparation = Preparation.fit(table_of(values), "y", np.arange(ROWS))
    assert isinstance(preparation.columns[0], DateColumn)
    alone = preparation.inputs(table_of(["March 5, 2021"]))
    assert alone[0, 0] == preparation.inputs(table_of(values))[4, 0]
    with pytest.raises(DataError, match="'v' has '5 Foo 2021' in row 1 where a date belongs"):
        preparation.inputs(table_of(["5 Foo 2021"]))
    assert kinds_of(values, categorical="v").by_name["v"] == "category"


def test_words_with_numbers_are_no_dates() -> None:
    for values in (["May 1", "May 2"], ["Market 2000", "Mayor 2001"], ["1 jun", "2 jul"]):
        assert kinds_of(values * 12).by_name["v"] == "category"


def test_rows_are_put_in_the_order_of_dates_with_the_month_first() -> None:
    values = [f"01/{day}/2021" for day in range(1, ROWS + 1)]
    assert kinds_of(values, time="v").date_orders == {"v": "mdy"}


# ---------------------------------------------------------------- dates without marks


def test_whole_numbers_that_are_dates() -> None:
    values = [20210100 + day for day in range(1, ROWS + 1)]
    said = "dates from 2021-01-01 to 2021-01-24, written like 20210101, taken as a number of days"
    assert first_said(values) == ("date", said, "--numeric v")
    assert first_said([*values[1:], None])[1].endswith("; 1 missing, filled in and marked")
    assert first_said(values, numeric="v")[0] == "number"
    assert first_said(values, categorical="v")[0] == "category"
    table = table_of(values)
    preparation = Preparation.fit(table, "y", np.arange(ROWS))
    column = preparation.columns[0]
    assert isinstance(column, DateColumn)
    assert (column.order, column.first) == ("ymd", "2021-01-01")
    inputs = preparation.inputs(table)
    np.testing.assert_allclose(np.diff(inputs[:, 0]), 1 / column.scale)
    assert preparation.inputs(table_of(["2021-01-03"]))[0, 0] == inputs[2, 0]
    with pytest.raises(DataError, match="'v' has '20211301' in row 1 where a date belongs"):
        preparation.inputs(table_of([20211301]))
    assert Preparation.from_dict(preparation.to_dict()) == preparation


@pytest.mark.parametrize(
    "odd_one", [20210230, 20211301, 20210000, 18991231, 21000101, 20210101.5, 5, -20210101]
)
def test_one_number_that_is_no_date_makes_a_column_of_numbers(odd_one: float) -> None:
    values = [20210100.0 + day for day in range(1, ROWS)]
    assert are_written_dates(np.array(values))
    assert first_said([*values, odd_one])[0] != "date"
    assert days_of_numbers(np.array([odd_one, np.nan]))[1].tolist() == [True, False]


def test_two_different_numbers_are_no_dates() -> None:
    assert first_said([20210101, 20210102] * 12)[0] == "number"
    assert first_said([20210101, 20210102, 20210103] * 8)[0] == "date"


def test_dates_without_marks_among_words() -> None:
    cells = [str(20210100 + day) for day in range(1, ROWS)]
    lines = "".join(f"{cell},{place / 4},{'ab'[place % 2]}\n" for place, cell in enumerate(cells))
    table = read_table(io.BytesIO(f"v,w,y\n{lines}lost,3,a\n".encode()))
    kinds = decide_kinds(table, "y")
    said = next(one.in_words for one in kinds.decisions if one.subject == "v")
    assert said.endswith(
        "a number of days; 'lost' count as missing; 1 missing, filled in and marked"
    )
    assert said_of_reading(table.decisions, kinds) == []
    preparation = Preparation.fit(table, "y", np.arange(ROWS))
    column = preparation.columns[0]
    assert isinstance(column, DateColumn)
    assert (column.odd, column.missing) == (("lost",), True)
    assert preparation.inputs(table)[-1, :2].tolist() == [0, 1]
    assert preparation.inputs(table_of(["lost"]))[0, :2].tolist() == [0, 1]
    for later in (["gone"], [*cells, "gone"]):
        with pytest.raises(DataError, match="'v' has 'gone' in row"):
            preparation.inputs(table_of(later))


@given(st.lists(st.dates(datetime(1900, 1, 1).date(), datetime(2099, 12, 31).date()), min_size=1))
def test_numbers_are_the_days_that_they_say(days: list[Any]) -> None:
    numbers = np.array([float(day.strftime("%Y%m%d")) for day in days])
    found, wrong = days_of_numbers(numbers)
    assert not wrong.any()
    assert [written_day(one) for one in found] == [day.isoformat() for day in days]


# ---------------------------------------------------------------- times of day


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("08:30", 8.5), ("8:30", 8.5), ("00:00", 0), ("23:59:59", 24 - 1 / 3600), ("24:00", 24),
        ("14:05:59", 14 + 5 / 60 + 59 / 3600), ("08:30:30.5", 8.5 + 30.5 / 3600),
        ("8:30 PM", 20.5), ("12:15 am", 0.25), ("12:15 p.m.", 12.25), ("8 pm", 20),
        ("08:30 Uhr", 8.5), ("24:01", None), ("25:00", None), ("08:60", None), ("13:00 PM", None),
        ("0:30 AM", None), ("8", None), ("8:3", None), ("8:30 kg", None), ("1:2:3", None),
        ("-8:30", None), ("8h", None),
    ],
)  # fmt: skip
def test_a_time_of_day(text: str, hours: float | None) -> None:
    import polars

    found = hours_in(polars.Series([text, None], dtype=polars.String))
    if hours is None:
        assert found is None
        return
    assert found is not None
    assert found.to_list() == [pytest.approx(hours), None]


TIMES = [f"{hour:02}:{minute}" for hour in range(12) for minute in (10, 40)]
SAID = "times of day, taken as hours since midnight"


def test_a_column_of_times_is_hours() -> None:
    table = table_of(TIMES)
    assert table.columns["v"][:3].tolist() == pytest.approx([1 / 6, 2 / 3, 7 / 6])
    assert table.decisions == (Decision("v", "number", SAID, "--categorical v"),)
    assert first_said(TIMES)[0] == "number"
    categories = table_of(TIMES, categorical="v")
    assert (categories.columns["v"].tolist(), categories.decisions) == (TIMES, ())
    assert table_of([*TIMES[:6], "noon"]).columns["v"].tolist() == [*TIMES[:6], "noon"]


def test_times_that_rise_by_one_count_nothing() -> None:
    assert first_said([f"{hour:02}:00" for hour in range(ROWS)])[0] == "number"


def test_a_few_odd_texts_among_times_are_missing() -> None:
    values = [*TIMES, "noon", "unknown"]
    table = table_of(values)
    assert table.decisions[0].text == f"{SAID}; 'noon', 'unknown' count as missing"
    preparation = Preparation.fit(table, "y", np.arange(len(values)))
    column = preparation.columns[0]
    assert isinstance(column, NumberColumn)
    assert column.odd == ("noon",)
    assert preparation.inputs(table)[-2:, :2].tolist() == [[0, 1]] * 2
    for texts, cause in ((["9 o'clock"], "9 o'clock"), ([*TIMES, "late"], "late")):
        later = table_from_frame({"v": texts, "w": [1] * len(texts)}, like=table.reading)
        with pytest.raises(DataError, match=f"has the text {re.escape(repr(cause))} in row"):
            preparation.inputs(later)


def test_a_later_file_has_times_where_the_first_one_had() -> None:
    first = table_of(TIMES)
    assert first.reading.units == (("v", HOURS),)
    one = table_from_frame({"v": ["21:30"]}, like=first.reading)
    assert one.columns["v"].tolist() == [21.5]
    weights = table_from_frame({"v": ["5 kg"]}, like=first.reading)
    assert "'v' is in 'kg', and in training it was in 'hours since" in weights.doubts["v"].cause
    numbers = table_of([row * 0.5 for row in range(ROWS)])
    preparation = Preparation.fit(numbers, "y", np.arange(ROWS))
    later = table_from_frame({"v": ["08:30"], "w": [1]}, like=numbers.reading)
    with pytest.raises(DataError, match="'v' has the text '08:30' in row 1 where a number"):
        preparation.inputs(later)
    texts = table_of(["08:30", "9", "x"] * 8)
    assert isinstance(Preparation.fit(texts, "y", np.arange(24)).columns[0], CategoryColumn)
    again = table_from_frame({"v": ["08:30"]}, like=texts.reading)
    assert again.columns["v"].tolist() == ["08:30"]


def test_times_may_be_a_target() -> None:
    table = table_from_frame({"x": range(ROWS), "when": TIMES})
    kinds = decide_kinds(table, "when")
    assert said_of_reading(table.decisions, kinds) == [Decision("when", "number", SAID)]
    assert Preparation.fit(table, "when", np.arange(ROWS)).target.task == "regression"
