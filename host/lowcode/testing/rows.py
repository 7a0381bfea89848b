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
    """Give what the host derives from a form; the same object each time, so that records of it are of one class."""
    known = _known.get(id(form))
    if known is None:
        workflows = {workflow.name: workflow} if workflow else {}
        plugin = Plugin(name="test", label="Test", version="1", host_api="", workflows=workflows)
        known = _known[id(form)] = (form, build_form(plugin, form, MetaData()))
        _forms[known[1].record_class] = form
    return known[1]


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
