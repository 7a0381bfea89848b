"""Whole numbers in query strings: pages, sizes and ids."""

from typing import TypeVar

from lowcode.i18n import _

Default = TypeVar("Default", int, None)
MOST_PAGES = 10**9
MOST_PER_PAGE = 200


def number(raw: str | None, name: str, default: Default, most: int, errors: dict[str, list[str]]) -> int | Default:
    """Read a number from 1 on; whatever else stands there is an error, and the default goes on."""
    if raw is None:
        return default
    if raw.isascii() and raw.isdigit() and len(raw) <= len(str(most)) and 1 <= int(raw) <= most:
        return int(raw)
    errors[name] = [_("请填写 1 到 {most} 的整数。", most=most)]
    return default


def page(raw: str | None) -> int:
    """Read the number of a page that people look at; the first where it is none."""
    return number(raw, "page", 1, MOST_PAGES, {})


def pages(total: int, per_page: int) -> int:
    """Count the pages; an empty list has one."""
    return max(1, -(-total // per_page))
