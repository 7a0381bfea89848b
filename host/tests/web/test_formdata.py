"""What people type and paste on pages, as the field types have it."""

from zoneinfo import ZoneInfo

import pytest

from lowcode.declare.fields import Field
from lowcode.web.pages.formdata import tidied

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("kind", "typed", "read"),
    [
        ("money", "1,999.90", "1999.90"),
        ("money", "￥99", "99"),
        ("money", "¥ 1,200", "1200"),
        ("integer", "１２３", "123"),
        ("number", "10%", "10"),
        ("number", "-1,000", "-1000"),
        ("date", "2026/11/5", "2026-11-05"),
        ("date", "2026.1.05", "2026-01-05"),
        ("date", "2026年1月5日", "2026-01-05"),
        ("datetime", "2026/11/5 9:30", "2026-11-05T01:30:00Z"),
        ("datetime", "2026-11-05", "2026-11-04T16:00:00Z"),
        ("text", "1,999.90", "1,999.90"),
    ],
)
def test_understood(kind: str, typed: str, read: str) -> None:
    assert tidied(Field(name="value", label="值", type=kind), typed, SHANGHAI) == read


@pytest.mark.parametrize(
    ("kind", "typed"),
    [("money", "10%"), ("number", "1,5"), ("number", "1,99,9"), ("date", "2026-11"), ("datetime", "tomorrow")],
)
def test_left_for_the_type_to_refuse(kind: str, typed: str) -> None:
    assert tidied(Field(name="value", label="值", type=kind), typed, SHANGHAI) == typed
