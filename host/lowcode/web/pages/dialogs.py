"""Dialogs of the host's own pages: fields declared like those of plugins, read and refused in the same way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Response, render_template, request

from lowcode.declare.fields import Field
from lowcode.errors import Fault
from lowcode.i18n import _
from lowcode.web.current import current_platform, current_user
from lowcode.web.pages import formdata
from lowcode.web.pages.controls import Control, Option
from lowcode.web.pages.feedback import State, fault_response
from lowcode.web.pages.formdata import Submitted, whole

PEOPLE = "/pick/people"
TEXTS = frozenset({"text", "email", "password", "secret", "code"})


def control(declared: Field, values: Mapping[str, Any], options: Sequence[Option] = ()) -> Control:
    """Make the control of one field."""
    value = values.get(declared.name)
    return Control(
        field=replace(declared, unit=_(declared.unit)) if declared.unit else declared,
        name=declared.name,
        label=_(declared.label),
        value="" if value is None else value,
        options=tuple(options),
        remote=PEOPLE if declared.type == "user" else "",
    )


def read(fields: Iterable[Field], numbers: Sequence[str] = ()) -> Submitted:
    """Read what a dialog posted; `numbers` are the controls that choose something by its id."""
    known = tuple(fields)
    sent = formdata.read(known, request.form, current_platform().config.time_zone)
    for name in numbers:
        if name in sent.payload:
            sent.payload[name] = whole(sent.payload[name])
    for each in known:
        if each.type == "roles":
            sent.payload[each.name] = request.form.getlist(each.name)
        elif each.type in TEXTS and sent.payload[each.name] is None:
            sent.payload[each.name] = ""
    return sent


def refused(fields: Iterable[Field], sent: Submitted, fault: Fault) -> Response:
    """Answer a refused dialog: the sentence on top, each fault beside its field."""
    known = {each.name: each for each in fields}
    with current_platform().reading(current_user()) as ctx:
        return fault_response(State(ctx, None, sent, fault.errors, ["*"], known), fault)


def note(fault: Fault, sentence: str = "") -> Response:
    """Answer a refused question with the sentence of the refusal, or a closer one."""
    return Response(render_template("note.html", detail=sentence or fault.detail), fault.status)
