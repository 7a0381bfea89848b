"""Checks of lists: views, filters, search, sort, pages."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from lowcode.declare.model import ListView
from lowcode.forms import LiveForm
from lowcode.testing import values
from lowcode.testing.conformance.base import Checks, need, records
from lowcode.testing.examples import Examples

ALWAYS = frozenset({"id", "version", "created_at", "created_by", "updated_at", "updated_by", "number", "status"})
"""Fields of the host that every list may be filtered and sorted by."""

NONSENSE = (
    "password_hash",
    "owner.password_hash",
    "created_by__username",
    "id; DROP TABLE users",
    "__class__",
    '"x"',
    "",
)
ENOUGH, PER_PAGE = 5, 4
"""As few records as make two pages."""


class ListChecks(Checks):
    """Checks that read many records."""

    def test_every_list_answers(self, form: LiveForm, examples: Examples) -> None:
        """Each declared view has a page with its columns; an undeclared view is unknown."""
        need(examples.may(form.name, "read"), "No role reads this form.")
        examples.create(form.name)
        for name, view in form.declared.lists.items():
            found = examples.api.get(records(form), list=name).expect(200)
            assert found.keys() >= {"items", "page", "per_page", "total", "total_is_exact"}
            assert all(set(view.columns) <= item.keys() for item in found["items"])
        assert examples.api.get(records(form)).expect(200)["total"] >= 1
        examples.api.get(records(form), list="no_such_list").expect(404)

    def test_every_filter_finds_its_record_and_no_other(self, form: LiveForm, examples: Examples) -> None:
        """By the record's own value it is found; by what differs from that value it is not."""
        need(examples.may(form.name, "read"), "No role reads this form.")
        record = examples.create(form.name, full=True)
        for view in form.declared.lists.values():
            for name in view.filters:
                examples.api.get(records(form), list=view.name, **{f"{name}__isnull": "false"}).expect(200)
        for name in {name for view in form.declared.lists.values() for name in view.filters}:
            value = values.canonical(form.fields[name], record[name])
            same, other = _tests(name, value)
            assert self._is_found(form, examples, record, same), f"{same} does not find {record[name]}."
            assert not self._is_found(form, examples, record, other), f"{other} finds {record[name]}."

    def test_every_sort_orders(self, form: LiveForm, examples: Examples) -> None:
        """Ascending and descending, the empty values last both times."""
        need(examples.may(form.name, "read"), "No role reads this form.")
        self._fill(form, examples)
        for name in sorted(_sortable(form)):
            up, down = (self._sorted(form, examples, key) for key in (name, f"-{name}"))
            assert up == _empty_last(up), f"Sorted by {name}, empty values are not last."
            assert down == _empty_last(down), f"Sorted by -{name}, empty values are not last."
            given = [value for value in up if value is not None]
            assert given == [value for value in down if value is not None][::-1], f"-{name} is not {name} reversed."
            if form.fields[name].type not in values.TEXTS:  # databases differ in how they order texts
                assert given == sorted(given), f"Sorted by {name}: {given}"

    def test_search_finds_in_every_search_field(self, form: LiveForm, examples: Examples) -> None:
        """Part of the value finds the record in any case; a text that is nowhere finds none."""
        need(examples.may(form.name, "read"), "No role reads this form.")
        record = examples.create(form.name, full=True)
        for view in form.declared.lists.values():
            examples.api.get(records(form), list=view.name, search="a").expect(200)
        for name in {name for view in form.declared.lists.values() for name in view.search}:
            value = record[name]
            text = value["title"] if isinstance(value, dict) else value
            if text:
                for part in (text, text[1:], text[:-1], str(text).swapcase()):
                    assert self._is_found(form, examples, record, {"search": part}), f"'{part}' does not find {name}."
        assert examples.api.get(records(form), search="no such text anywhere %_").expect(200)["total"] == 0

    def test_pages_by_number_and_by_cursor_agree(self, form: LiveForm, examples: Examples) -> None:
        """Both walk over the same records in the same order, each record once, as many as the total says."""
        need(examples.may(form.name, "read"), "No role reads this form.")
        self._fill(form, examples)
        sorts = [",".join(view.sort) for view in form.declared.lists.values()]
        sorts += [f"-{name}" for name in sorted(_sortable(form))[:3]]
        for sort in dict.fromkeys(sorts):
            for query in ({"sort": sort}, {"sort": sort, "search": values.COMMON}):
                by_page, by_cursor = (walk(form, examples, query) for walk in (self._by_page, self._by_cursor))
                assert by_page == by_cursor, f"With {query}."
                total = self._page(form, examples, per_page=1, **query)["total"]
                assert len(set(by_page)) == len(by_page) == total, f"With {query}."
        beyond = self._page(form, examples, page=10**9)
        assert beyond["items"] == []

    def test_what_is_not_declared_neither_filters_nor_sorts(self, form: LiveForm, examples: Examples) -> None:
        """A field that no list shows, and any other word, is 422 and named."""
        need(examples.may(form.name, "read"), "No role reads this form.")
        for view in form.declared.lists.values():
            hidden = form.fields.keys() - _declared(form, [view])
            for name in (*hidden, *NONSENSE):
                for argument in ({name: "1"}, {f"{name}__gte": "1"}, {"sort": name or ";"}):
                    answer = examples.api.get(records(form), list=view.name, **argument)
                    assert answer.status == 422, f"{argument} on {view.name} answered {answer.status}."
                    assert set(answer.errors) == set(argument)

    def test_bad_paging_is_refused(self, form: LiveForm, examples: Examples) -> None:
        """Pages out of range and cursors that were made up are 422."""
        need(examples.may(form.name, "read"), "No role reads this form.")
        for name, text in (
            ("page", "0"), ("page", "-1"), ("page", "x"), ("page", "1.5"), ("page", "９"), ("page", "1" * 30),
            ("per_page", "0"), ("per_page", "201"), ("per_page", "all"),
            ("after", "x"), ("after", "bnVsbA=="), ("after", "WzFd" * 9), ("after", "é"), ("fields", "password_hash"),
        ):  # fmt: skip
            assert set(examples.api.get(records(form), **{name: text}).errors) == {name}, f"{name}={text}"

    def _fill(self, form: LiveForm, examples: Examples) -> None:
        missing = ENOUGH - self._page(form, examples, per_page=1)["total"]
        for index in range(max(missing, 0)):
            examples.create(form.name, full=index % 2 == 0)

    def _page(self, form: LiveForm, examples: Examples, **query: Any) -> dict[str, Any]:
        found: dict[str, Any] = examples.api.get(records(form), **query).expect(200)
        return found

    def _is_found(self, form: LiveForm, examples: Examples, record: dict[str, Any], query: dict[str, Any]) -> bool:
        return bool(self._page(form, examples, id=record["id"], **query)["total"])

    def _sorted(self, form: LiveForm, examples: Examples, key: str) -> list[Any]:
        name, found, number = key.removeprefix("-"), list[Any](), 1
        while True:
            page = self._page(form, examples, sort=key, per_page=200, page=number)
            found += [values.canonical(form.fields[name], item[name]) for item in page["items"]]
            if "next" not in page:
                return found
            number += 1

    def _by_page(self, form: LiveForm, examples: Examples, query: dict[str, str]) -> list[int]:
        return self._walk(lambda number, _last: self._page(form, examples, **query, per_page=PER_PAGE, page=number))

    def _by_cursor(self, form: LiveForm, examples: Examples, query: dict[str, str]) -> list[int]:
        def next_page(number: int, last: dict[str, Any] | None) -> dict[str, Any]:
            cursor = {} if last is None else {"after": last["next"]}
            return self._page(form, examples, **query, per_page=PER_PAGE, **cursor)

        return self._walk(next_page)

    def _walk(self, read: Callable[[int, dict[str, Any] | None], dict[str, Any]]) -> list[int]:
        ids: list[int] = []
        last: dict[str, Any] | None = None
        for number in range(1, 500):
            last = read(number, last)
            ids += [item["id"] for item in last["items"]]
            if "next" not in last:
                return ids
        raise AssertionError("The pages never end.")


def _declared(form: LiveForm, views: Iterable[ListView]) -> set[str]:
    names = {*ALWAYS, form.declared.owner or "id", form.declared.title}
    for view in views:
        names |= {*view.columns, *view.filters, *view.search, *(each.lstrip("-") for each in view.sort)}
    return names


def _sortable(form: LiveForm) -> set[str]:
    names = _declared(form, form.declared.lists.values()) & form.fields.keys() - form.derived
    return {name for name in names - form.masked.keys() if form.fields[name].type not in {"lines", *values.HELD}}


def _tests(name: str, value: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Give a query that the value satisfies and one that it does not."""
    if value is None or isinstance(value, list):
        return {f"{name}__isnull": "true" if value is None else "false"}, {
            f"{name}__isnull": "false" if value is None else "true"
        }
    shown = {True: "true", False: "false"}[value] if isinstance(value, bool) else _query(value)
    return {name: shown}, {f"{name}__ne": shown}


def _query(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _empty_last(found: list[Any]) -> list[Any]:
    return [value for value in found if value is not None] + [value for value in found if value is None]
