"""Who may do what, and why: the words for what `access` decides.

Every yes and no comes from `access`, `masking` and `machine` themselves, asked as the person; only the reasons are
worked out here.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lowcode import access
from lowcode.conditions import parse, split_key
from lowcode.context import Context
from lowcode.declare.fields import Field, Where
from lowcode.errors import NotFound
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.identity.model import ADMIN
from lowcode.records import masking, store, team
from lowcode.records.record import Record
from lowcode.workflow import machine, runs

if TYPE_CHECKING:
    from lowcode.identity.model import User

VERBS = {"read": "查看", "create": "新增", "edit": "编辑", "delete": "删除", "export": "导出"}
OF_RECORDS = ("read", "edit", "delete")
SCOPES = {"own": "本人负责的", "department": "本部门及下级部门的", "all": "全部"}
SHARED = "本人负责的和共享给本人的"
OPERATORS = {
    "eq": "{field}是“{value}”",
    "ne": "{field}不是“{value}”",
    "lt": "{field}小于 {value}",
    "lte": "{field}不大于 {value}",
    "gt": "{field}大于 {value}",
    "gte": "{field}不小于 {value}",
    "in": "{field}是“{value}”之一",
    "contains": "{field}包含“{value}”",
    "startswith": "{field}以“{value}”开头",
    "between": "{field}在 {value} 之间",
}
TOKENS = {"$me": "本人", "$my_department": "本人的部门", "$today": "今天", "$now": "现在"}
BOOLEANS = {True: "是", False: "否"}


def explain(ctx: Context, user_id: int, form: LiveForm | None = None, record_id: int | None = None) -> dict[str, Any]:
    """Tell what a person may do with every form, or with one, or with one record. Raises NotFound."""
    user = ctx.users.load(user_id)
    person = Context(ctx.platform, ctx.connection, user, now=ctx.now)
    forms = [form] if form else list(ctx.platform.forms.values())
    answer: dict[str, Any] = {
        "user": {"id": user.id, "title": user.name, "is_active": user.is_active},
        "roles": [{"name": role, "label": role_label(ctx, role)} for role in sorted(user.roles)],
        "forms": [_of_form(person, each) for each in forms],
    }
    if form is not None and record_id is not None:
        answer["record"] = _of_record(person, form, record_id)
    return answer


def overview(ctx: Context) -> dict[str, Any]:
    """Tell what each role may do with each form, as declared."""
    roles = [ADMIN, *ctx.platform.roles]
    return {
        "roles": [{"name": role, "label": role_label(ctx, role)} for role in roles],
        "forms": [
            {
                "form": form.name,
                "label": _(form.declared.label),
                "roles": {role: dict(_granted_words(ctx, form, role)) for role in roles},
            }
            for form in ctx.platform.forms.values()
        ],
    }


def role_label(ctx: Context, role: str) -> str:
    """Give what people call a role."""
    return _("管理员角色") if role == ADMIN else _(ctx.platform.roles.get(role, role))


def condition_words(ctx: Context, form: LiveForm, where: Where) -> str:
    """Write a condition as people read it."""
    alternatives: Iterable[Mapping[str, Any]] = (where,) if isinstance(where, Mapping) else where
    parts = [_("且").join(_test_words(ctx, form, key, value) for key, value in each.items()) for each in alternatives]
    return _("，或").join(parts)


def scope_words(ctx: Context, form: LiveForm, verb: str, part: Any) -> str:
    """Write one part of a scope: which records it covers."""
    if not isinstance(part, str):
        return _("满足条件（{condition}）的", condition=condition_words(ctx, form, part))
    return _(SHARED if part == "own" and access.is_sharing(form, verb, [part]) else SCOPES[part])


def _granted_words(ctx: Context, form: LiveForm, role: str) -> Iterable[tuple[str, str]]:
    asked = Context(ctx.platform, ctx.connection, _with_role(ctx, role))
    for verb, label in VERBS.items():
        words = [scope_words(ctx, form, verb, part) for _role, part in access.grants(asked, form, verb)]
        if words:
            yield _(label), _("、").join(words) if verb in OF_RECORDS else _("允许")


def _with_role(ctx: Context, role: str) -> "User":
    return type(ctx.user)(id=0, username="", name="", roles=frozenset({role}))


def _of_form(person: Context, form: LiveForm) -> dict[str, Any]:
    known = visible_fields(form, person.user.roles)
    return {
        "form": form.name,
        "label": _(form.declared.label),
        "verbs": [_of_verb(person, form, verb) for verb in VERBS],
        "steps": [{"name": step.name, "label": _(step.label)} for step in machine.offered(person, form)],
        "hidden_fields": [_named(each) for name, each in form.fields.items() if name not in known],
        "masked_fields": [
            _named(known[name]) | {"without": verb, "label_of_verb": _(VERBS[verb])}
            for name, verb in form.masked.items()
            if name in known
        ],
    }


def _of_verb(person: Context, form: LiveForm, verb: str) -> dict[str, Any]:
    grants = [
        {"role": role, "label": role_label(person, role), "scope": scope_words(person, form, verb, part)}
        for role, part in access.grants(person, form, verb)
    ]
    narrowed = [condition_words(person, form, each) for each in access.narrowed_by(person, form, verb)]
    return {
        "verb": verb,
        "label": _(VERBS[verb]),
        "allowed": access.is_allowed(person, form, verb),
        "grants": grants,
        "narrowed": narrowed if grants else [],
    }


def _of_record(person: Context, form: LiveForm, record_id: int) -> dict[str, Any]:
    record = store.load(person, form, record_id) or store.load(person, form, record_id, deleted=True)
    if record is None:
        raise NotFound(_("没有这条记录，请检查编号 (id)。"))
    submitter = runs.submitters(person, form, [record]).get(record.id)
    seen = record.deleted_at is None and access.permits(person, form, "read", record)
    steps = machine.available(person, form, record, submitter) if seen else []
    return {
        "id": record.id,
        "title": str(getattr(record, form.declared.title) or record.id),
        "verbs": [_decided(person, form, verb, record) for verb in OF_RECORDS],
        "steps": steps,
        "masked_fields": sorted(masking.hidden(person, form, record)) if seen else [],
    }


def _decided(person: Context, form: LiveForm, verb: str, record: Record) -> dict[str, Any]:
    allowed, reason = _reason(person, form, verb, record)
    return {"verb": verb, "label": _(VERBS[verb]), "allowed": allowed, "reason": reason}


def _reason(person: Context, form: LiveForm, verb: str, record: Record) -> tuple[bool, str]:
    if record.deleted_at is not None:
        return False, _("这条记录在回收站中。")
    if verb != "read" and not access.permits(person, form, "read", record):
        return False, _("不能查看这条记录，所以也不能{verb}。", verb=_(VERBS[verb]))
    if not access.permits(person, form, verb, record):
        return False, _why_not(person, form, verb, record)
    if verb != "read" and form.workflow and not form.is_editable(record):
        state = _(form.workflow.states[record.status].label)
        return False, _("“{state}”状态的记录不能修改或删除。", state=state)
    return True, _why(person, form, verb, record)


def _why(person: Context, form: LiveForm, verb: str, record: Record) -> str:
    for role, part in access.grants(person, form, verb):
        if access.part_holds(person, form, part, record):
            return _(
                "角色“{role}”可以{verb}{scope}记录。",
                role=role_label(person, role),
                verb=_(VERBS[verb]),
                scope=_scope_alone(person, form, part),
            )
    shared = access.level(person, form, record) or "read"
    return _("这条记录共享给了他（{level}）。", level=_(team.LEVELS[shared]))


def _why_not(person: Context, form: LiveForm, verb: str, record: Record) -> str:
    grants = list(access.grants(person, form, verb))
    if not grants:
        return _("他的角色都没有“{verb}”的权限。", verb=_(VERBS[verb]))
    if verb == "edit" and access.level(person, form, record) == "read":
        return _("这条记录只共享给他查看，不能编辑。")
    failing = [
        where
        for where in access.narrowed_by(person, form, verb)
        if not form.condition(where).matches(record, person.tokens)
    ]
    covered = any(access.part_holds(person, form, part, record) for _role, part in grants)
    is_shared = access.is_sharing(form, verb, [part for _role, part in grants]) and (
        access.level(person, form, record) in access.SHARED[verb]
    )
    if (covered or is_shared) and failing:
        words = _("，且").join(condition_words(person, form, where) for where in failing)
        return _("规则把范围限定为“{condition}”，这条记录不符合。", condition=words)
    scopes = _("、").join(dict.fromkeys(scope_words(person, form, verb, part) for _role, part in grants))
    return _("他的角色只能{verb}{scopes}记录，这条不在其中。", verb=_(VERBS[verb]), scopes=scopes)


def _scope_alone(person: Context, form: LiveForm, part: Any) -> str:
    return scope_words(person, form, "", part)


def _named(declared: Field) -> dict[str, Any]:
    return {"name": declared.name, "label": _(declared.label)}


def _test_words(ctx: Context, form: LiveForm, key: str, value: Any) -> str:
    (test,) = parse({key: value}, form.fields).alternatives[0]
    declared = form.fields[test.line].fields[test.field] if test.line else form.fields[test.field]
    label = _(declared.label) if test.line is None else f"{_(form.fields[test.line].label)} · {_(declared.label)}"
    operator = split_key(key)[1]
    if operator == "isnull" or value is None:
        is_empty = test.value is True if operator == "isnull" else operator == "eq"
        return _("{field}为空", field=label) if is_empty else _("{field}不为空", field=label)
    values = value if isinstance(value, list | tuple) else str(value).split(",") if operator == "in" else [value]
    joined = _("、").join(_value_words(ctx, form, declared, each) for each in values)
    return _(OPERATORS[operator], field=label, value=joined)


def _value_words(ctx: Context, form: LiveForm, declared: Field, value: Any) -> str:
    if isinstance(value, bool):
        return _(BOOLEANS[value])
    if isinstance(value, str) and value in TOKENS:
        return _(TOKENS[value])
    if declared.name == "status" and form.workflow and value in form.workflow.states:
        return _(form.workflow.states[value].label)
    item = ctx.dictionary(declared.dictionary or "").get(str(value))
    return _(item.label) if item else str(value)
