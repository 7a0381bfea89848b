"""What a form page says under a field about records that are recognised by the same value."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request

from lowcode.errors import NotFound, TooMany
from lowcode.i18n import _
from lowcode.records import alike, hints, reading
from lowcode.schemas import decode
from lowcode.web.api.duplicates import require
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import formdata
from lowcode.web.pages.shell import live_form

bp = Blueprint("duplicates", __name__)


@dataclass(frozen=True, slots=True)
class Told:
    """One record that the typed value is found in, with a link for who may see it."""

    sentence: str
    title: str = ""
    href: str = ""


@bp.post("/f/<form>/duplicates/<field>")
@policy("signed_in", while_viewing=True)
def duplicates(form: str, field: str) -> str:
    """Warn of duplicates by one field; say nothing of what the field does not take, for a save will."""
    live = live_form(form)
    record_id = formdata.whole(request.form.get("_id"))
    with current_platform().reading(current_user()) as ctx:
        require(ctx, live)
        if field not in alike.compared_fields(ctx, live):
            raise NotFound(_("没有这个字段。"))
        values, _errors = decode(live.schema, {field: request.form.get(field, "")})
        record = live.record_class(**values)
        original = reading.require(ctx, live, record_id) if record_id is not None else None
        wanted = alike.changed(live, record, original)
        try:
            found = hints.matches(ctx, live, wanted, record_id)
        except TooMany as fault:
            return render_template("alike.html", told=[Told(fault.detail)])
        told = [
            Told(sentence, each.title, f"/f/{each.form}/{each.id}" if each.is_visible else "")
            for each, sentence in zip(found, hints.sentences(ctx, found), strict=True)
        ]
        return render_template("alike.html", told=told)
