"""A started platform with the tiny plugin, and its people."""

from collections.abc import Sequence

import pytest

from lowcode.platform import Platform
from lowcode.testing.client import Api
from tests.workflow.errands import rules
from tests.workflow.office import HEADS, PEOPLE, Office


@pytest.fixture(scope="session")
def plugin_modules() -> Sequence[str]:
    return ("tests.workflow.errands",)


@pytest.fixture
def office(api: Api, platform: Platform) -> Office:
    people = {"admin": api}
    platform.as_system(lambda ctx: [ctx.users.ensure_department(name, "公司") for name in ("销售部", "财务部")])
    for name, (department, roles) in PEOPLE.items():
        people[name] = api.as_user(*roles, department=department, name=name)
    made = Office(platform, people)
    for department, head in HEADS.items():
        made.head(department, head)
    rules.moves.clear()
    return made
