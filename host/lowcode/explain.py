"""Who may do what, and why: the words for what `access` decides.

Every yes and no comes from `access`, `masking` and `machine` themselves, asked as the person; only the reasons are
worked out here.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lowcode import access
from lowcode.condition_words import ConditionWords
from lowcode.context import Context
from lowcode.declare.fields import Field
from lowcode.errors import NotFound
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.records import masking, saving, store, team
from lowcode.records.record import Record
from lowcode.workflow import machine, runs

if TYPE_CHECKING:
    from lowcode.identity.model import User

VERBS = {"read": "查看", "create": "新增", "edit": "编辑", "delete": "删除", "export": "导出"}
OF_RECORDS = ("read", "edit", "delete")
SCOPES = {"own": "本人负责的", "department": "本部门及下级部门的", "all": "全部"}
SHARED = "本人负责的和共享给本人的"


def explain(ctx: Context, user_id: int, form: LiveForm | None = None, record_id: int | None = None) -> dict[str, Any]:
    """Tell what a person may do with every form, or with one, or with one record. Raises NotFound."""
    user = ctx.users.load(user_id)
    person = Context(ctx.platform, ctx.connection, user, now=ctx.now)
    forms = [form] if form else list(ctx.platform.forms.values())
    labels = ctx.platform.role_labels()
    answer: dict[str, Any] = {
        "user": {"id": user.id, "title": user.name, "is_active": user.is_active},
        "roles": [{"name": role, "label": labels.get(role, role)} for role in sorted(user.roles)],
        "forms": [_of_form(person, each) for each in forms],
    }
    if form is not None and record_id is not None:
        answer["record"] = _of_record(person, form, record_id)
    return answer


def overview(ctx: Context) -> dict[str, Any]:
    """Tell what each role may do with each form, as declared."""
    roles = ctx.platform.role_labels()
    return {
        "roles": [{"name": role, "label": label} for role, label in roles.items()],
        "forms": [
            {
                "form": form.name,
                "label": _(form.declared.label),
                "roles": {role: dict(_granted_words(ctx, form, role)) for role in roles},
            }
            for form in ctx.platform.forms.values()
        ],
    }


def scope_words(ctx: Context, form: LiveForm, verb: str, part: Any) -> str:
    """Write one part of a scope: which records it covers."""
    if not isinstance(part, str):
        return _("满足条件（{condition}）的", condition=ConditionWords(ctx, form).condition(part))
    if part.startswith(access.WITH):
        followed = form.fields[part.removeprefix(access.WITH)]
        words = _("能查看其“{field}”的") if access.verb_there(verb) == "read" else _("能编辑其“{field}”的")
        return words.format(field=_(followed.label))
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
    words, labels = ConditionWords(person, form), person.platform.role_labels()
    grants = [
        {"role": role, "label": labels.get(role, role), "scope": scope_words(person, form, verb, part)}
        for role, part in _scopes(person, form, verb)
    ]
    verbs = ("read", "export") if verb == "export" else (verb,)
    narrowing = [words.condition(where) for each in verbs for where in access.narrowed_by(person, form, each)]
    narrowed = list(dict.fromkeys(narrowing))
    return {
        "verb": verb,
        "label": _(VERBS[verb]),
        "allowed": access.is_allowed(person, form, verb),
        "grants": grants,
        "narrowed": narrowed if grants else [],
    }


def _scopes(person: Context, form: LiveForm, verb: str) -> Iterable[tuple[str, Any]]:
    """Give what the roles grant of a verb; a role that exports, exports what it reads."""
    if verb != "export":
        return access.grants(person, form, verb)
    return access.grants(person, form, "read", {role for role, _part in access.grants(person, form, verb)})


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
    if verb != "read" and (sentence := saving.locked(form, record, verb)):
        return False, sentence
    return True, _why(person, form, verb, record)


def _why(person: Context, form: LiveForm, verb: str, record: Record) -> str:
    for role, part in access.grants(person, form, verb):
        if access.part_holds(person, form, part, record, verb):
            return _(
                "角色“{role}”可以{verb}{scope}记录。",
                role=person.platform.role_labels().get(role, role),
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
    covered = any(access.part_holds(person, form, part, record, verb) for _role, part in grants)
    is_shared = access.is_sharing(form, verb, [part for _role, part in grants]) and (
        access.level(person, form, record) in access.SHARED[verb]
    )
    if (covered or is_shared) and failing:
        words = _(" 且 ").join(ConditionWords(person, form).condition(where) for where in failing)
        return _("规则把范围限定为“{condition}”，这条记录不符合。", condition=words)
    scopes = _("、").join(dict.fromkeys(scope_words(person, form, verb, part) for _role, part in grants))
    return _("他的角色只能{verb}{scopes}记录，这条不在其中。", verb=_(VERBS[verb]), scopes=scopes)


def _scope_alone(person: Context, form: LiveForm, part: Any) -> str:
    return scope_words(person, form, "", part)


def _named(declared: Field) -> dict[str, Any]:
    return {"name": declared.name, "label": _(declared.label)}
