"""Indexes that follow from the declarations alone and stand in no migration: for search, and for the order of lists.

They hold nothing of their own and can be made anew at any time. SQLite forgets triggers whenever a migration rebuilds
a table, and each history would have to repeat them; so the migration that comes last puts right what is missing, in
its own transaction, and a start does when only a declaration or the host has changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, MetaData, Row, Table, inspect

from lowcode.database.search import PREFIX, SEARCHED

ORDER_PREFIX = "lowcode_order_"
ORDERED = "ordered"
"""The key of a table's `info` with the columns that lists are sorted by: name and whether descending."""

BIGRAMS = r"""CREATE OR REPLACE FUNCTION lowcode_bigrams(VARIADIC given text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 100 AS $$
DECLARE
    whole text := lower(array_to_string(given, E'\n') COLLATE "C");
    even text := regexp_replace(whole COLLATE "C", '(..)', E'\\1\n', 'g');
    odd text := regexp_replace(substr(whole, 2) COLLATE "C", '(..)', E'\\1\n', 'g');
BEGIN
    RETURN array_to_tsvector(array_remove(string_to_array(even || E'\n' || odd, E'\n'), ''));
END $$"""
"""Its cost is what computing it for one row takes, beside the operators of the database itself."""

_ON_POSTGRESQL = """SELECT i.relname AS name, obj_description(i.oid, 'pg_class') AS made, t.relname AS "table"
FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid JOIN pg_class t ON t.oid = x.indrelid
WHERE i.relnamespace = current_schema()::regnamespace AND starts_with(i.relname, 'lowcode_')"""
_ON_SQLITE = """SELECT name, sql AS made, tbl_name AS "table" FROM sqlite_master
WHERE name LIKE 'lowcode/_%' ESCAPE '/' AND (type IN ('index', 'trigger') OR sql LIKE 'CREATE VIRTUAL TABLE %')"""


@dataclass(frozen=True, slots=True)
class _Derived:
    """One index: what it consists of, by name and statement, and the statement that fills it."""

    name: str
    table: Table
    columns: tuple[str, ...]
    parts: Mapping[str, str]
    fill: str = ""


def is_derived(name: str | None) -> bool:
    """Tell by its name whether something is not the business of migrations."""
    return bool(name) and str(name).startswith((PREFIX, ORDER_PREFIX))


def missing(connection: Connection, tables: MetaData) -> list[str]:
    """Name the indexes that are absent, out of date, or no longer wanted."""
    wanted, present = _wanted(connection, tables), _present(connection)
    return [each.name for each in wanted if not _is_right(connection, each, present)] + [
        row.name for row in _superfluous(connection, tables, wanted, present)
    ]


def put_right(connection: Connection, tables: MetaData) -> None:
    """Make what is missing and drop what is no longer wanted."""
    wanted, present = _wanted(connection, tables), _present(connection)
    for row in _superfluous(connection, tables, wanted, present):
        connection.exec_driver_sql(f'DROP {_kind(connection, row.made)} IF EXISTS "{row.name}"')
    wrong = [each for each in wanted if not _is_right(connection, each, present)]
    if wrong and not _is_sqlite(connection):
        connection.exec_driver_sql(BIGRAMS)
    for each in wrong:
        for name, statement in reversed([*each.parts.items()]):
            connection.exec_driver_sql(f'DROP {_kind(connection, statement)} IF EXISTS "{name}"')
        for statement in filter(None, (*each.parts.values(), each.fill)):
            connection.exec_driver_sql(statement)


def clear_the_way(connection: Connection, tables: MetaData) -> None:
    """Drop the indexes of orders before a migration: on SQLite they would come back for a column it drops."""
    if _is_sqlite(connection):
        for name, row in _present(connection).items():
            if name.startswith(ORDER_PREFIX) and row.table in tables.tables:
                connection.exec_driver_sql(f'DROP INDEX "{name}"')


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _kind(connection: Connection, statement: str) -> str:
    words = statement.split()[1:3] if _is_sqlite(connection) else ["INDEX"]
    return words[0] if words[0] != "VIRTUAL" else words[1]


def _present(connection: Connection) -> dict[str, Row[Any]]:
    found = connection.exec_driver_sql(_ON_SQLITE if _is_sqlite(connection) else _ON_POSTGRESQL)
    return {row.name: row for row in found}


def _is_right(connection: Connection, index: _Derived, present: Mapping[str, Row[Any]]) -> bool:
    """Tell whether each part stands as it would be made now; on PostgreSQL the index's comment says how it was made."""
    made = {name: present[name].made for name in index.parts if name in present}
    return made == (index.parts if _is_sqlite(connection) else {index.name: _digest(index.parts[index.name])})


def _digest(statement: str) -> str:
    return sha256((BIGRAMS + statement).encode()).hexdigest()[:16]


def _superfluous(
    connection: Connection, tables: MetaData, wanted: Iterable[_Derived], present: Mapping[str, Row[Any]]
) -> Iterator[Row[Any]]:
    """Give what belongs to these tables, or to none that there is, and is not wanted."""
    known = {name for each in wanted for name in each.parts}
    there = set(inspect(connection).get_table_names())
    for name, row in present.items():
        table = row.table.removeprefix(PREFIX)
        if name not in known and (table in tables.tables or table not in there):
            yield row


def _wanted(connection: Connection, tables: MetaData) -> list[_Derived]:
    """Give the indexes of the tables whose columns there are; a column may still lack its migration."""
    found = inspect(connection).get_multi_columns(filter_names=list(tables.tables))
    there = {name: {column["name"] for column in columns} for (_schema, name), columns in found.items()}
    make = (_fts5, _sqlite_order) if _is_sqlite(connection) else (_gin, _postgresql_order)
    derived = [index for table in tables.tables.values() for index in (*make[0](table), *make[1](table))]
    return [each for each in derived if there.get(each.table.name, set()).issuperset(each.columns)]


def _gin(table: Table) -> Iterator[_Derived]:
    """Index an expression. Without `fastupdate` no search pays for what was written before it."""
    if columns := table.info.get(SEARCHED):
        given = ", ".join(f'"{name}"' for name in columns)
        name = PREFIX + table.name
        made = f'CREATE INDEX "{name}" ON "{table.name}" USING gin (lowcode_bigrams({given})) WITH (fastupdate = off)'
        yield _commented(name, table, columns, made)


def _postgresql_order(table: Table) -> Iterator[_Derived]:
    for column, descending in table.info.get(ORDERED, ()):
        name = f"{ORDER_PREFIX}{table.name}_{column}"
        way = "DESC" if descending else "ASC"
        made = f'CREATE INDEX "{name}" ON "{table.name}" ("{column}" {way} NULLS LAST, id {way})'
        yield _commented(name, table, (column,), made)


def _commented(name: str, table: Table, columns: tuple[str, ...], made: str) -> _Derived:
    return _Derived(name, table, columns, {name: made}, f"COMMENT ON INDEX \"{name}\" IS '{_digest(made)}'")


def _sqlite_order(table: Table) -> Iterator[_Derived]:
    """An ascending order needs the empty values last, which no index of SQLite has; it makes do with two walks."""
    for column, descending in table.info.get(ORDERED, ()):
        name, way = f"{ORDER_PREFIX}{table.name}_{column}", "DESC" if descending else "ASC"
        made = f'CREATE INDEX "{name}" ON "{table.name}" ("{column}" {way}, id {way})'
        yield _Derived(name, table, (column,), {name: made})


def _fts5(table: Table) -> Iterator[_Derived]:
    """Index the bigrams as words, without a copy of the texts; triggers keep it, whoever writes."""
    if not (columns := table.info.get(SEARCHED)):
        return
    name, on = PREFIX + table.name, f'ON "{table.name}" BEGIN'
    covered = ", ".join(f'"{column}"' for column in columns)
    add = f'INSERT INTO "{name}" (rowid, bigrams) VALUES (new.id, {_words("new", columns)});'  # noqa: S608 (names of our own)
    remove = (
        f'INSERT INTO "{name}" ("{name}", rowid, bigrams)'  # noqa: S608
        f" VALUES ('delete', old.id, {_words('old', columns)});"
    )
    parts = {
        name: f"""CREATE VIRTUAL TABLE "{name}" USING fts5(bigrams, content='', detail=none, tokenize='ascii')""",
        f"{name}_insert": f'CREATE TRIGGER "{name}_insert" AFTER INSERT {on} {add} END',
        f"{name}_update": f'CREATE TRIGGER "{name}_update" AFTER UPDATE OF {covered} {on} {remove} {add} END',
        f"{name}_delete": f'CREATE TRIGGER "{name}_delete" AFTER DELETE {on} {remove} END',
    }
    words = _words(f'"{table.name}"', columns)
    fill = f'INSERT INTO "{name}" (rowid, bigrams) SELECT id, {words} FROM "{table.name}"'  # noqa: S608
    yield _Derived(name, table, columns, parts, fill)


def _words(row: str, columns: Iterable[str]) -> str:
    """Write the bigrams of a row as words: the hexadecimal digits of their bytes, which no tokenizer touches."""
    whole = " || ".join(f"coalesce({row}.\"{column}\", '') || char(10)" for column in columns)
    return (
        f"(WITH RECURSIVE rest(part) AS (SELECT lower({whole}) UNION ALL SELECT substr(part, 2) FROM rest"  # noqa: S608
        " WHERE length(part) > 2) SELECT group_concat(hex(substr(part, 1, 2)), ' ') FROM rest"
        " WHERE substr(part, 1, 1) <> char(10))"
    )
