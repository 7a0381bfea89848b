"""What rules may ask about people."""

from typing import Any

from lowcode.platform import Platform


def test_the_departments_over_a_person_come_nearest_first(platform: Platform) -> None:
    def look(ctx: Any) -> tuple[list[int], list[int], list[int]]:
        top = ctx.users.ensure_department("总部")
        own = ctx.users.ensure_department("华东", parent="总部")
        ctx.users.ensure_department("华南", parent="总部")
        below = ctx.users.ensure_department("上海", parent="华东")
        person = ctx.users.ensure("li", "李娜", [], department="华东")
        alone = ctx.users.ensure("wang", "王强", [])
        deep = ctx.users.ensure("zhao", "赵敏", [], department="上海")
        assert ctx.users.departments_over(deep) == [below, own, top]
        return ctx.users.departments_over(person), ctx.users.departments_over(alone), [own, top]

    over, none, expected = platform.as_system(look)
    assert over == expected
    assert none == []
