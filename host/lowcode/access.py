"""Who may do what: the one gate of verbs and the one row filter, both read from `access:`."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from lowcode.conditions import Condition
from lowcode.database.schema import team_members
from lowcode.declare.fields import Scope, Where
from lowcode.declare.model import Access
from lowcode.errors import Forbidden, NotFound
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context

VERBS = ("read", "create", "edit", "delete", "export")
SHARED = {"read": ("read", "write"), "edit": ("write",)}
"""What each level of a team member adds to `own` and `department`; nothing else is ever shared."""

OWNED = ("own", "department")

WITH = "with "
"""`with loan`: read by whoever may read the record pointed to; changed by whoever may edit that."""

FEW = 200
"""Up to so many shared records are named in the row filter."""


@dataclass(slots=True)
class Reach:
    """What was looked up in this transaction of how far a person reaches; a change of what it rests on forgets it."""

    levels: dict[str, dict[int, str | None]] = field(default_factory=dict)
    """For each form the level at which its records are shared with the person."""

    shared: dict[str, dict[str, Sequence[int]]] = field(default_factory=dict)
    """For each form and verb the records shared with the person, while they are few."""

    followed: dict[tuple[str, str], dict[int, bool]] = field(default_factory=dict)
    """For each form and verb whether the person reaches the records that others follow."""

    def forget(self, form: str) -> None:
        """Look up anew: a record of the form has changed, or whom it is shared with."""
        self.levels.pop(form, None)
        self.shared.pop(form, None)
        self.followed.clear()

    def clear(self) -> None:
        """Look up everything anew, as a long export does from time to time."""
        self.levels.clear()
        self.followed.clear()


def is_allowed(ctx: "Context", form: LiveForm, verb: str) -> bool:
    """Tell whether any of the person's roles grants the verb on some record."""
    return any(True for _grant in grants(ctx, form, verb))


def require(ctx: "Context", form: LiveForm, verb: str) -> None:
    """Refuse a verb that no role grants. A form that may not even be read does not exist."""
    if is_allowed(ctx, form, verb):
        return
    if not is_allowed(ctx, form, "read") and not is_allowed(ctx, form, "create"):
        raise NotFound(_("没有“{name}”这种记录。", name=form.name))
    raise Forbidden(_("您的角色没有对“{label}”进行这项操作的权限。", label=_(form.declared.label)))


def clause(
    ctx: "Context", form: LiveForm, verb: str = "read", roles: Collection[str] | None = None
) -> ColumnElement[bool]:
    """Give the row filter of a verb: for lists, records, pickers, counts, files and exports alike.

    With `roles`, of what these grant alone: what one role may do with a record, another does not lend it to see.
    """
    parts = [part for _role, part in grants(ctx, form, verb, roles)]
    if not parts:
        return false()
    alternatives = [_part_clause(ctx, form, part, verb) for part in parts]
    if is_sharing(form, verb, parts) and (shared := _shared_clause(ctx, form, verb)) is not None:
        alternatives.append(shared)
    narrowing = [condition.clause(form, ctx.tokens) for condition in _narrowing(ctx, form, verb)]
    return and_(_any(alternatives), *narrowing) if narrowing else _any(alternatives)


def permits(
    ctx: "Context",
    form: LiveForm,
    verb: str,
    record: Record,
    *,
    shared: bool = True,
    roles: Collection[str] | None = None,
) -> bool:
    """Tell in Python what `clause` says in SQL, for a record at hand; without `shared` as if it had no team."""
    parts = [part for _role, part in grants(ctx, form, verb, roles)]
    covered = any(part_holds(ctx, form, part, record, verb) for part in parts) or (
        shared and is_sharing(form, verb, parts) and level(ctx, form, record) in SHARED[verb]
    )
    return covered and all(condition.matches(record, ctx.tokens) for condition in _narrowing(ctx, form, verb))


def grants(
    ctx: "Context", form: LiveForm, verb: str, roles: Collection[str] | None = None
) -> Iterator[tuple[str, Any]]:
    """Give what the person's roles grant, or those of `roles` that he has: each part of a scope, role by role."""
    if ctx.is_system:
        yield "", "all"
        return
    for role in ctx.user.roles if roles is None else ctx.user.roles.intersection(roles):
        grant: Access | None = form.declared.access.get(role)
        scope = getattr(grant, verb) if grant else None
        if scope is True:
            yield role, "all"
        elif scope:
            yield from ((role, part) for part in _parts(scope))


def narrowed_by(ctx: "Context", form: LiveForm, verb: str) -> Iterable[Where]:
    """Give the conditions by which rules narrow what the roles grant."""
    return () if ctx.is_system else ctx.platform.hooks.row_scope(form, verb, ctx.system)


def may_own(ctx: "Context", form: LiveForm, user_id: int) -> bool:
    """Tell whether the roles of a person grant it to change records of its own, as whoever is given one has to."""
    roles = ctx.users.load(user_id).roles
    scopes = (grant.edit for role, grant in form.declared.access.items() if role in roles)
    return any(part in (*OWNED, "all") for scope in scopes if scope for part in _parts(scope))


def part_holds(ctx: "Context", form: LiveForm, part: Any, record: Record, verb: str = "read") -> bool:
    """Tell whether one part of a scope covers a record."""
    if part == "all":
        return True
    if not isinstance(part, str):
        return form.condition(part).matches(record, ctx.tokens)
    if part.startswith(WITH):
        return _follows(ctx, form, part.removeprefix(WITH), verb, record)
    if getattr(record, form.declared.owner or "created_by") == ctx.user.id:
        return True
    return part == "department" and getattr(record, "owner_department") in ctx.user.department_ids  # noqa: B009


def is_sharing(form: LiveForm, verb: str, parts: Iterable[Any]) -> bool:
    """Tell whether being a team member may add to these parts of a verb's scope."""
    return form.declared.team and verb in SHARED and any(part in OWNED for part in parts)


def level(ctx: "Context", form: LiveForm, record: Record) -> str | None:
    """Give the level at which a record is shared with the person: `read`, `write` or not at all."""
    if record.id is None or ctx.is_system or not form.declared.team:
        return None
    know_teams(ctx, form, [record])
    return ctx.reach.levels[form.name][record.id]


def know(ctx: "Context", form: LiveForm, records: Sequence[Record]) -> None:
    """Look up at once, for all records of a page, what their permissions rest on beside themselves."""
    if not ctx.is_system:
        know_teams(ctx, form, records)
        know_followed(ctx, form, records)


def know_teams(ctx: "Context", form: LiveForm, records: Sequence[Record]) -> None:
    """Look up at once, for all records of a page, whether they are shared with the person."""
    if ctx.is_system or not form.declared.team:
        return
    known = ctx.reach.levels.setdefault(form.name, {})
    missing = {record.id for record in records if record.id is not None} - known.keys()
    if missing:
        mine = _mine(ctx, form, ("read", "write"), team_members.c.record, team_members.c.level)
        rows = ctx.connection.execute(mine.where(team_members.c.record.in_(sorted(missing)))).all()
        known.update(dict.fromkeys(missing))
        known.update((row.record, row.level) for row in rows)


def looks_into_lines(ctx: "Context", form: LiveForm) -> bool:
    """Tell whether what the person may do with a record can depend on its line items."""
    wheres = [part for verb in VERBS for _role, part in grants(ctx, form, verb) if not isinstance(part, str)]
    wheres += [where for verb in VERBS for where in narrowed_by(ctx, form, verb)]
    moves = form.workflow.moves.values() if form.workflow else ()
    wheres += [step.when for step in (*moves, *form.declared.actions.values()) if step.when]
    tests = [test for where in wheres for tests in form.condition(where).alternatives for test in tests]
    return any(test.line for test in tests)


def _narrowing(ctx: "Context", form: LiveForm, verb: str) -> Iterator[Condition]:
    for where in narrowed_by(ctx, form, verb):
        yield form.condition(where)


def _parts(scope: Scope) -> list[Any]:
    return [scope] if isinstance(scope, str) or hasattr(scope, "keys") else list(scope)


def _any(clauses: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Join alternatives; most often there is one, and every query asks."""
    return clauses[0] if len(clauses) == 1 else or_(*clauses)


def _part_clause(ctx: "Context", form: LiveForm, part: Any, verb: str) -> ColumnElement[bool]:
    if part == "all":
        return true()
    if not isinstance(part, str):
        return form.condition(part).clause(form, ctx.tokens)
    if part.startswith(WITH):
        name = part.removeprefix(WITH)
        followed = _followed(ctx, form, name)
        return form.column(name).in_(select(followed.table.c.id).where(*_reached(ctx, followed, verb)))
    own = form.column(form.declared.owner or "created_by") == ctx.user.id
    if part == "own" or not ctx.user.department_ids:
        return own
    return or_(own, form.column("owner_department").in_(sorted(ctx.user.department_ids)))


def _shared_clause(ctx: "Context", form: LiveForm, verb: str) -> ColumnElement[bool] | None:
    """Name the shared records one by one while they are few: a sub-select would keep the owner's index out of use."""
    mine = _mine(ctx, form, SHARED[verb], team_members.c.record)
    known = ctx.reach.shared.setdefault(form.name, {})
    if verb not in known:
        known[verb] = ctx.connection.scalars(mine.limit(FEW + 1)).all()
    few = known[verb]
    return form.column("id").in_(mine if len(few) > FEW else few) if few else None


def _mine(ctx: "Context", form: LiveForm, levels: Iterable[str], *columns: Any) -> Any:
    return select(*columns).where(
        team_members.c.user == ctx.user.id, team_members.c.form == form.name, team_members.c.level.in_(levels)
    )


def _follows(ctx: "Context", form: LiveForm, name: str, verb: str, record: Record) -> bool:
    """Tell whether the person reaches the record that this one points to; asked once for each in a request."""
    key = getattr(record, name)
    return key is not None and _reached_of(ctx, form, name, verb, [key])[key]


def know_followed(ctx: "Context", form: LiveForm, records: Sequence[Record]) -> None:
    """Look up at once, for all records of a page, which of the records they follow the person reaches."""
    for verb in ("read", "edit", "delete"):
        for _role, part in grants(ctx, form, verb):
            if isinstance(part, str) and part.startswith(WITH):
                name = part.removeprefix(WITH)
                keys = {getattr(record, name) for record in records} - {None}
                _reached_of(ctx, form, name, verb, sorted(keys))


def _reached_of(ctx: "Context", form: LiveForm, name: str, verb: str, keys: Sequence[int]) -> Mapping[int, bool]:
    followed = _followed(ctx, form, name)
    known = ctx.reach.followed.setdefault((followed.name, verb_there(verb)), {})
    if missing := [key for key in keys if key not in known]:
        column = followed.table.c.id
        found = ctx.connection.scalars(select(column).where(column.in_(missing), *_reached(ctx, followed, verb)))
        known.update(dict.fromkeys(missing, False) | dict.fromkeys(found, True))
    return known


def _followed(ctx: "Context", form: LiveForm, name: str) -> LiveForm:
    return ctx.platform.forms[form.fields[name].form or ""]


def _reached(ctx: "Context", followed: LiveForm, verb: str) -> tuple[ColumnElement[bool], ...]:
    return followed.table.c.deleted_at.is_(None), clause(ctx, followed, verb_there(verb))


def verb_there(verb: str) -> str:
    """Give what the person has to be allowed to do with the record that a `with` scope follows."""
    return "read" if verb in ("read", "export") else "edit"
