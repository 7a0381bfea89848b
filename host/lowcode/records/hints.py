"""What a person is told of possible duplicates: that there are some, and of foreign ones whose they are."""

from typing import TYPE_CHECKING, Any

from lowcode.errors import TooMany
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.identity import throttle
from lowcode.records import alike, reading
from lowcode.records.alike import Keys, Match
from lowcode.records.record import Record
from lowcode.records.showing import person

if TYPE_CHECKING:
    from lowcode.context import Context


def matches(ctx: "Context", form: LiveForm, wanted: Keys, record_id: int | None = None) -> list[Match]:
    """Look for duplicates of what a person is typing. Raises TooMany: who could ask on and on would guess it all.

    A record is left out of its own duplicates only for who may see it: what is missing tells as much as what is there.
    """
    if record_id is not None:
        reading.require(ctx, form, record_id)
    if not wanted:
        return []
    throttle.reserve(ctx.platform.db, throttle.comparisons(ctx.user.id), ctx.now)
    return alike.hidden_for_person(alike.find(ctx, form, wanted, record_id))


def as_json(ctx: "Context", found: list[Match]) -> list[dict[str, Any]]:
    """Write matches for the HTTP API: foreign ones with form, kind and owner, and nothing else."""
    names = ctx.users.names({each.owner for each in found if each.owner})
    return [
        {
            "form": each.form,
            "id": each.id if each.is_visible else None,
            "title": each.title if each.is_visible else None,
            "kind": each.kind,
            "owner": person(names, each.owner),
        }
        for each in found
    ]


def warnings(ctx: "Context", form: LiveForm, record: Record, original: Record | None) -> dict[str, list[str]]:
    """Give the sentences for each field of a draft by which it is a duplicate; none once the person asked too often."""
    wanted = alike.changed(form, record, original)
    known = alike.compared_fields(ctx, form)
    wanted = {kind: each for kind, each in wanted.items() if form.declared.alike[kind] in known}
    try:
        found = matches(ctx, form, wanted, record.id)
    except TooMany:
        return {}
    told: dict[str, list[str]] = {}
    for each, sentence in zip(found, sentences(ctx, found), strict=True):
        told.setdefault(form.declared.alike[each.kind], []).append(sentence)
    return told


def sentences(ctx: "Context", found: list[Match]) -> list[str]:
    """Say of each match what it is and whose."""
    names = ctx.users.names({each.owner for each in found if each.owner})
    return [_sentence(ctx, each, names.get(each.owner or 0)) for each in found]


def _sentence(ctx: "Context", match: Match, owner: str | None) -> str:
    label = _(ctx.platform.forms[match.form].declared.label)
    if match.is_visible and owner:
        return _("已有相同的{label}“{title}”，负责人是{owner}。", label=label, title=match.title, owner=owner)
    if match.is_visible:
        return _("已有相同的{label}“{title}”，没有负责人。", label=label, title=match.title)
    if owner:
        return _("已有相同的{label}，负责人是{owner}；您无权查看它。", label=label, owner=owner)
    return _("已有相同的{label}，没有负责人；您无权查看它。", label=label)
