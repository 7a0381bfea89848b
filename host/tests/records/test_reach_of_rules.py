"""What rules reach beyond records: locks by name, copies of files, the team, and codes that people may not choose."""

import threading
import time
from collections.abc import Callable
from typing import Any

import library
import pytest
from sqlalchemy import func, select

from lowcode.context import Context
from lowcode.database.schema import files
from lowcode.errors import Invalid, NotFound
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.trying import trying
from lowcode.testing.watching import nothing_written
from tests.records.test_held_files import upload
from tests.workflow.office import at_once

MOST = 3


def take(api: Api, member: int, number: int) -> bool:
    """Lend to a member who may have three loans: counted first, written then."""

    def work(ctx: Context) -> bool:
        ctx.lock(f"loans:{member}", f"other:{number}")
        if ctx.forms.loan.count(member=member) >= MOST:
            return False
        ctx.forms.loan.create(library.loan_payload(api, member=member) | {"clerk": 1})
        return True

    return api.platform.as_system(work)


def test_a_limit_under_a_lock_is_kept(api: Api) -> None:
    member = library.member(api)["id"]

    def taking(number: int) -> Callable[[], bool]:
        return lambda: take(api, member, number)

    done = at_once([taking(number) for number in range(8)])
    assert sorted(done) == [False] * 5 + [True] * MOST


def test_locks_taken_in_any_order_are_no_ring(platform: Platform) -> None:
    names = [f"name {number}" for number in range(6)]
    inside: list[int] = []
    most: list[int] = []

    def taking(turned: bool) -> Callable[[], None]:
        def work(ctx: Context) -> None:
            ctx.lock(*(reversed(names) if turned else names))
            inside.append(1)
            time.sleep(0.01)
            most.append(len(inside))
            inside.pop()

        def many() -> None:
            for _each in range(5):
                platform.as_system(work)

        return many

    at_once([taking(number % 2 == 0) for number in range(6)])
    assert set(most) == {1}


def test_a_lock_ends_with_its_transaction_and_other_names_are_free(platform: Platform) -> None:
    held, go = threading.Event(), threading.Event()

    def hold(ctx: Context) -> None:
        ctx.lock("one")
        held.set()
        go.wait(20)

    thread = threading.Thread(target=lambda: platform.as_system(hold))
    thread.start()
    held.wait(20)
    if not platform.db.is_sqlite:  # there who writes is alone
        platform.as_system(lambda ctx: ctx.lock("two"))
    go.set()
    platform.as_system(lambda ctx: ctx.lock("one"))
    thread.join(20)
    assert not thread.is_alive()


def test_what_only_reads_takes_no_lock(api: Api) -> None:
    """It goes on while somebody else holds the lock, and would wait for it if it wanted it too."""
    held, go = threading.Event(), threading.Event()

    def hold(ctx: Context) -> None:
        ctx.lock("one")
        held.set()
        go.wait(20)

    thread = threading.Thread(target=lambda: api.platform.as_system(hold))
    thread.start()
    held.wait(20)
    with api.platform.reading(api.user_or_fail) as ctx:
        ctx.lock("one")
    assert not go.is_set()
    assert thread.is_alive()
    go.set()
    thread.join(20)


def test_the_version_counts_what_is_configured(api: Api) -> None:
    def version() -> int:
        return api.platform.as_system(lambda ctx: ctx.configuration_version)

    before = version()
    library.item(api)
    assert version() == before
    api.put("/apps/library/settings", {"loan_days": 61}).expect(200)
    assert version() == before + 1


def test_copies_of_files_show_the_same_contents(api: Api) -> None:
    manual = upload(api, "说明.txt", b"text")
    item = library.item(api, manuals=[manual])

    def copy(ctx: Context) -> int:
        base = {"code": "copy", "title": "副本", "subject": "physics", "price": 1}
        record = ctx.forms.item.get(item["id"])
        return int(ctx.forms.item.create({**base, "manuals": ctx.copy_files(record.manuals)}).id)

    first = library.read(api, "item", api.platform.as_system(copy))
    (made,) = first["manuals"]
    assert made == {**item["manuals"][0], "id": made["id"]}
    assert made["id"] != manual
    again = api.platform.as_system(lambda ctx: ctx.copy_files([made["id"], manual]))
    assert len({*again, made["id"], manual}) == 4
    assert content(api, made["id"]) == b"text"
    with api.platform.db.read() as connection:
        kept = connection.execute(select(files.c.id, files.c.content)).all()
    copies = {(each, manual) for each in (made["id"], *again)}
    assert {(row.id, row.content) for row in kept} == {(manual, None), *copies}


def test_a_copy_is_read_with_the_record_that_holds_it(api: Api) -> None:
    owner, other = api.as_user("clerk", department="东馆"), api.as_user("clerk", department="西馆")
    paper = upload(owner, "单.txt", b"paper")
    loan, foreign = library.loan(owner, attachments=[paper]), library.loan(other)

    def copy(ctx: Context) -> list[str]:
        made = ctx.copy_files([paper])
        ctx.forms.loan.update(foreign["id"], {"attachments": made})
        return made

    (copied,) = api.platform.as_system(copy)
    assert content(other, copied) == b"paper"
    owner.get(f"/files/{copied}").expect(404)
    other.get(f"/files/{paper}").expect(404)
    owner.delete(f"/forms/loan/records/{loan['id']}", loan["version"]).expect(204)
    assert content(other, copied) == b"paper"


def content(who: Api, file_id: str) -> bytes:
    answer = who._client.get(f"/api/v1/files/{file_id}", headers=who._headers)
    assert answer.status_code == 200
    return bytes(answer.data)


def test_what_is_rolled_back_leaves_no_copy(api: Api) -> None:
    manual = upload(api, "说明.txt", b"text")
    with nothing_written(api.platform):
        with pytest.raises(NotFound):
            api.platform.as_system(lambda ctx: ctx.copy_files([manual, "0" * 32]))
        with trying(api.platform, api.user_or_fail) as ctx:
            assert ctx.copy_files([manual])
    assert api.platform.as_system(lambda ctx: ctx.copy_files([])) == []
    with api.platform.db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(files)) == 1


def members(api: Api, loan: dict[str, Any]) -> dict[int, str]:
    listed = api.get(f"/forms/loan/records/{loan['id']}/team").expect(200)["members"]
    return {each["user"]["id"]: each["level"] for each in listed}


def test_rules_share_and_unshare(api: Api) -> None:
    owner, guest, other = api.as_user("clerk"), api.as_user("clerk"), api.as_user("clerk")
    loan = library.loan(owner)

    def share(*shared: tuple[Api, str | None]) -> None:
        def work(ctx: Context) -> None:
            for who, level in shared:
                ctx.forms.loan.share(loan["id"], who.user_id, level)

        api.platform.as_system(work)

    share((guest, "read"), (other, "write"))
    assert members(api, loan) == {guest.user_id: "read", other.user_id: "write"}
    guest.get(f"/forms/loan/records/{loan['id']}").expect(200)
    share((guest, "write"), (other, None), (owner, "write"))
    assert members(api, loan) == {guest.user_id: "write"}
    api.platform.as_system(lambda ctx: ctx.forms.loan.unshare(ctx.forms.loan.get(loan["id"])))
    assert members(api, loan) == {}
    guest.get(f"/forms/loan/records/{loan['id']}").expect(404)
    told = [entry["action"] for entry in api.get(f"/forms/loan/records/{loan['id']}/history").expect(200)]
    assert told.count("team") == 5


def test_rules_share_with_colleagues_only(api: Api) -> None:
    owner, gone = api.as_user("clerk"), api.as_user("clerk")
    loan = library.loan(owner)
    api.patch(f"/users/{gone.user_id}", {"is_active": False}).expect(200)
    with nothing_written(api.platform):
        for user in (gone.user_id, 10**6):
            with pytest.raises(Invalid):
                api.platform.as_system(lambda ctx, user=user: ctx.forms.loan.share(loan["id"], user, "read"))
        with pytest.raises(ValueError, match="edit"):
            api.platform.as_system(lambda ctx: ctx.forms.loan.share(loan["id"], owner.user_id, "edit"))
        with pytest.raises(NotFound):
            api.platform.as_system(lambda ctx: ctx.forms.member.share(loan["member"]["id"], owner.user_id, "read"))


def test_rules_choose_what_people_may_not(api: Api) -> None:
    """A code that a choice's `where` does not offer, one that is disabled, and what is set only once."""
    closed = next(code for code, item in places(api.platform).items() if item.attributes.get("kind") != "open")
    opened = next(code for code, item in places(api.platform).items() if item.attributes.get("kind") == "open")
    item, member = library.item(api), library.member(api)
    path = f"/forms/item/records/{item['id']}"
    assert set(api.patch(path, {"place": closed}, item["version"]).expect(422)["errors"]) == {"place"}
    api.platform.as_system(lambda ctx: ctx.forms.item.update(item["id"], {"place": closed}))
    assert library.read(api, "item", item["id"])["place"] == closed
    api.patch(f"/dictionaries/place/items/{opened}", {"enabled": False}).expect(200)
    version = library.read(api, "item", item["id"])["version"]
    assert set(api.patch(path, {"place": opened}, version).expect(422)["errors"]) == {"place"}
    made = {"code": "n", "title": "n", "subject": "physics", "price": 1, "place": opened}
    assert api.platform.as_system(lambda ctx: ctx.forms.item.create(made)).place == opened
    card = f"/forms/member/records/{member['id']}"
    assert set(api.patch(card, {"card": "ZZ9999"}, member["version"]).expect(422)["errors"]) == {"card"}
    api.platform.as_system(lambda ctx: ctx.forms.member.update(member["id"], {"card": "ZZ9999"}))
    assert library.read(api, "member", member["id"])["card"] == "ZZ9999"
    with pytest.raises(Invalid):
        api.platform.as_system(lambda ctx: ctx.forms.item.update(item["id"], {"place": "nowhere"}))


def places(platform: Platform) -> dict[str, Any]:
    return platform.as_system(lambda ctx: dict(ctx.dictionary("place")))
