"""Records of a declared form without a database."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import MetaData

from lowcode.declare.model import Form, Plugin
from lowcode.declare.workflows import Workflow
from lowcode.forms import LiveForm, build_form
from lowcode.records.record import Line, Record

_known: dict[int, tuple[Form, LiveForm]] = {}
_forms: dict[type[Record], Form] = {}


def live_form(form: Form, workflow: Workflow | None = None) -> LiveForm:
    """Give what the host derives from a form; the same object each time, so that records of it are of one class.

    Records may be made before the workflow is known; it is added when it is.
    """
    known = _known.get(id(form))
    if known is not None and (workflow is None or known[1].workflow is not None):
        return known[1]
    workflows = {workflow.name: workflow} if workflow else {}
    plugin = Plugin(name="test", label="Test", version="1", host_api="", workflows=workflows)
    made = build_form(plugin, form, MetaData())
    if known is None:
        _known[id(form)] = (form, made)
        _forms[made.record_class] = form
        return made
    live = known[1]
    live.workflow, live.params = made.workflow, made.params
    return live


def form_of(record: Record) -> Form:
    """Give the form of a record made here. Raises TypeError for any other."""
    if type(record) not in _forms:
        raise TypeError("A FakeContext holds records made by `make_record`.")
    return _forms[type(record)]


def make_record(form: Form, **values: Any) -> Record:
    """Make a record with the given values, everything else None and no lines.

    Values are what rules see: `Decimal`, `date`, ids. Line items are a list of mappings, or of lines made before.
    Raises AttributeError for what is not a field.
    """
    kind = live_form(form).record_class
    record = kind(**values)
    for name, make in kind.__lines__.items():
        rows = getattr(record, name) or ()
        setattr(record, name, [_line(make, row) for row in rows])
    return record


def _line(make: type[Line], row: Mapping[str, Any] | Line) -> Line:
    return row if isinstance(row, Line) else make(**row)
