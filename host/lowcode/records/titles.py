"""What the things are called that records point at."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Select, String, literal_column, select, union_all

from lowcode.database.among import among
from lowcode.declare.fields import Field
from lowcode.identity.tables import departments, users

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.platform import Platform

POINTERS = frozenset({"ref", "user", "department"})


def target(declared: Field) -> str:
    """Name what a field points at: a form, `$user` or `$department`."""
    return declared.form or f"${declared.type}"


def look_up(ctx: "Context", wanted: Mapping[str, set[int]]) -> None:
    """Bring the titles of all these things into `ctx.titles`, by one query for all that are not there yet."""
    missing: dict[str, set[int]] = {}
    for name, ids in wanted.items():
        known = ctx.titles.setdefault(name, {})
        if unknown := ids - known.keys():
            missing[name] = unknown
    for names in _together(ctx.platform, sorted(missing)):
        key = ("titles", names)
        if key not in ctx.platform.prepared:
            parts = [_part(ctx.platform, position, name) for position, name in enumerate(names)]
            ctx.platform.prepared[key] = parts[0] if len(parts) == 1 else union_all(*parts)
        ids_of_parts = {f"ids_{position}": missing[name] for position, name in enumerate(names)}
        for position, found, title in ctx.connection.execute(ctx.platform.prepared[key], ids_of_parts).all():
            ctx.titles[names[position]][found] = str(found if title is None else title)


def _together(platform: "Platform", names: list[str]) -> Iterator[tuple[str, ...]]:
    """Group what one query can read: the titles that are texts; a title of another type needs its own."""
    texts = tuple(name for name in names if isinstance(_columns(platform, name)[1].type, String))
    if texts:
        yield texts
    yield from ((name,) for name in names if name not in texts)


def _part(platform: "Platform", position: int, name: str) -> Select[Any]:
    key, title = _columns(platform, name)
    return select(literal_column(str(position)), key, title).where(among(key, f"ids_{position}"))


def _columns(platform: "Platform", name: str) -> tuple[Column[Any], Column[Any]]:
    if name == "$user":
        return users.c.id, users.c.name
    if name == "$department":
        return departments.c.id, departments.c.name
    form = platform.forms[name]
    return form.table.c.id, form.table.c[form.declared.title]
