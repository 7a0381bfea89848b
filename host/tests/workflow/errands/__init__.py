"""A tiny plugin: errands that have to be approved."""

from pathlib import Path

from lowcode.api import Declaration, hookimpl
from tests.workflow.errands import rules


@hookimpl
def declare() -> Declaration:
    return Declaration(Path(__file__).parent, rules={"errand": rules})
