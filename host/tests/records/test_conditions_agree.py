"""A condition means the same in Python and in SQL, on both databases, for all records and conditions."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import library
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import delete, select

from lowcode.conditions import ConditionFault, parse
from lowcode.context import Context
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.forms import LiveForm
from lowcode.platform import SYSTEM, Platform
from lowcode.records import store
from lowcode.records.record import Record
from lowcode.testing.databases import Databases
from lowcode.testing.trying import trying

NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
POOLS: dict[str, list[Any]] = {
    "text": [
        "",
        "a",
        "A",
        "Ä",
        "ä",
        "é",
        "é",
        "aB",
        "a%b",
        "a_b",
        "a\\b",
        "100%",
        "华为",
        "𠮷",
        "İi",
        " x ",
        "'",
        "ß",
        "SS",
    ],
    "choice": ["physics", "biology", "painting"],
    "money": [Decimal("0.00"), Decimal("0.10"), Decimal("-1.00"), Decimal("9.99"), Decimal("10.00")],
    "number": [Decimal("0.000"), Decimal("0.001"), Decimal("2.500"), Decimal("-3.000"), Decimal("10.000")],
    "integer": [0, 1, 2, -1, 10, 10**15],
    "date": [date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 26), date(2024, 2, 29)],
    "boolean": [True, False],
    "user": [1, 2, 3],
    "ref": [1, 2, 3],
}
FIELDS = ("code", "title", "subject", "price", "weight", "copies", "bought_on", "on_shelf", "keeper", "successor")
TOKENS = {"date": ["$today", "$today+3", "$today-1"], "user": ["$me"]}
LINE_TESTS = [
    ("title__contains", "a"),
    ("title", "A"),
    ("price__gte", "9.99"),
    ("price__ne", "0.10"),
    ("item", 2),
    ("item__isnull", True),
]


@pytest.fixture(scope="module")
def platform(databases: Databases, database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path_factory.mktemp("home")) as started:
        yield started


def value_of(kind: str) -> some.SearchStrategy[Any]:
    return some.none() | some.sampled_from([each for each in POOLS[kind] if each != ""])


def raw_of(form: LiveForm, name: str) -> some.SearchStrategy[Any]:
    """Give right-hand sides as YAML or a query string writes them."""
    field = form.fields[name]
    pool, dump = POOLS[field.type], FIELD_TYPES[field.type].dump
    words = ["true", "false"] if field.type == "boolean" else [dump(field, each) for each in pool]
    return some.none() | some.sampled_from(words) | some.sampled_from(TOKENS.get(field.type, [None]))


@some.composite
def conditions(draw: some.DrawFn, form: LiveForm) -> Any:
    """Make a list of alternatives, each of up to three tests."""
    made = []
    for _alternative in range(draw(some.integers(1, 2))):
        tests: dict[str, Any] = {}
        for _test in range(draw(some.integers(0, 3))):
            name = draw(some.sampled_from(FIELDS))
            operator = draw(some.sampled_from(sorted(FIELD_TYPES[form.fields[name].type].operators)))
            raw = raw_of(form, name)
            if operator == "isnull":
                raw = some.booleans()
            elif operator in {"in", "between"}:
                size = (2, 2) if operator == "between" else (0, 4)
                raw = some.lists(raw, min_size=size[0], max_size=size[1])
            tests[f"{name}__{operator}"] = draw(raw)
        made.append(tests)
    return made


def write(ctx: Context, form: LiveForm, rows: list[dict[str, Any]]) -> list[Record]:
    """Replace all records of the form."""
    ctx.connection.execute(delete(form.table))
    records = []
    for row in rows:
        record = form.record_class(version=1, created_at=NOW, updated_at=NOW, **row)
        for name in form.line_tables:
            make = form.record_class.__lines__[name]
            setattr(record, name, [make(**line) for line in getattr(record, name) or ()])
        store.insert_record(ctx, form, record)
        records.append(record)
    return records


def found(ctx: Context, form: LiveForm, where: Any) -> set[int]:
    statement = select(form.table.c.id).where(parse(where, form.fields).clause(form, ctx.tokens))
    return set(ctx.connection.scalars(statement))


def matching(ctx: Context, form: LiveForm, where: Any, records: list[Record]) -> set[int]:
    condition = parse(where, form.fields)
    return {record.id for record in records if condition.matches(record, ctx.tokens)}


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_predicate_and_clause_select_the_same_records(platform: Platform, data: some.DataObject) -> None:
    form = platform.forms["item"]
    row = some.fixed_dictionaries({name: value_of(form.fields[name].type) for name in FIELDS if name != "code"})
    rows = data.draw(some.lists(row, min_size=1, max_size=6))
    rows = [{**each, "code": f"{POOLS['text'][index]}{index}"} for index, each in enumerate(rows)]
    wheres = data.draw(some.lists(conditions(form), min_size=1, max_size=8))
    with trying(platform, SYSTEM, now=NOW) as ctx:
        records = write(ctx, form, rows)
        for where in wheres:
            assert found(ctx, form, where) == matching(ctx, form, where, records), where


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_conditions_on_lines_agree(platform: Platform, data: some.DataObject) -> None:
    form = platform.forms["loan"]
    line = some.fixed_dictionaries({"title": value_of("text"), "price": value_of("money"), "item": value_of("ref")})
    rows = data.draw(
        some.lists(some.fixed_dictionaries({"lines": some.lists(line, max_size=3)}), min_size=1, max_size=5)
    )
    tests = [
        ("title__contains", "a"),
        ("title", "A"),
        ("price__gte", "9.99"),
        ("item", 2),
        ("item__isnull", True),
        ("price__ne", "0.10"),
    ]
    wheres = data.draw(some.lists(some.sampled_from(tests), min_size=1, max_size=6))
    with trying(platform, SYSTEM, now=NOW) as ctx:
        records = write(ctx, form, rows)
        for name, raw in wheres:
            where = {f"lines__{name}": raw}
            assert found(ctx, form, where) == matching(ctx, form, where, records), where


def test_no_alternative_selects_nothing_and_an_empty_one_everything(platform: Platform) -> None:
    form = platform.forms["item"]
    with trying(platform, SYSTEM, now=NOW) as ctx:
        records = write(ctx, form, [{"code": "a"}, {"code": "b"}])
        for where, count in (((), 0), ({}, 2), (({}, {"code": "a"}), 2)):
            assert len(found(ctx, form, where)) == count == len(matching(ctx, form, where, records))


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ({"nothing": 1}, "nothing"),
        ({"price__contains": "1"}, "price__contains"),
        ({"title__lt": "a"}, "title__lt"),
        ({"price": "abc"}, "price"),
        ({"price__between": "1"}, "price__between"),
        ({"price__isnull": "perhaps"}, "price__isnull"),
        ({"cover": "x"}, "cover"),
        ({"lines__title": "x"}, "lines__title"),
        ({"bought_on": "yesterday"}, "bought_on"),
        ({"bought_on": "$tomorrow"}, "bought_on"),
        ({"keeper__in": [str(number) for number in range(1, 502)]}, "keeper__in"),
    ],
)
def test_what_cannot_be_compiled_names_its_key(platform: Platform, where: Any, path: str) -> None:
    with pytest.raises(ConditionFault) as fault:
        parse(where, platform.forms["item"].fields)
    assert fault.value.path == path


def test_tokens_are_the_person_and_the_day_of_the_request(platform: Platform) -> None:
    form = platform.forms["item"]
    rows = [{"code": str(index), "keeper": index, "bought_on": date(2026, 11, 22 + index)} for index in range(3)]
    with trying(platform, SYSTEM, now=datetime(2026, 11, 22, 16, 30, tzinfo=UTC)) as ctx:  # the 23rd in Shanghai
        records = write(ctx, form, [{**row, "keeper": row["keeper"] or None} for row in rows])
        assert found(ctx, form, {"bought_on": "$today"}) == {records[1].id}
        assert found(ctx, form, {"bought_on__gt": "$today"}) == {records[2].id}
        assert found(ctx, form, {"bought_on": "$today-1"}) == {records[0].id}
