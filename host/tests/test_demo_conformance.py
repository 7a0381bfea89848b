"""The generic promises, held by the demo plugin."""

import dataclasses

from lowcode.declare.fields import Field
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.testing import databases
from lowcode.testing.conformance import Conformance


class TestDemo(Conformance):
    modules = ("demo_plugin.plugin",)


def test_the_demo_plugin_uses_every_field_type_and_key() -> None:
    (loaded,) = databases.loaded(TestDemo.modules)
    assert loaded.declared is not None
    fields = [field for _form, field in loaded.declared.all_fields()]
    moves = [move for workflow in loaded.declared.workflows.values() for move in workflow.moves.values()]
    fields += [field for move in moves for field in move.params.values()]
    settings = {setting.type for setting in loaded.declared.settings.values()}
    assert {field.type for field in fields} | (settings & {"secret"}) == FIELD_TYPES.keys()
    unused = {
        key.name
        for key in dataclasses.fields(Field)
        if all(getattr(each, key.name) in (key.default, {}) for each in fields)
    }
    assert unused == set()


def test_every_check_says_what_it_checks() -> None:
    checks = [getattr(Conformance, name) for name in dir(Conformance) if name.startswith("test_")]
    assert len(checks) >= 25
    assert [check.__name__ for check in checks if not check.__doc__] == []
