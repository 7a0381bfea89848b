"""The trail: what it holds, and that whatever is done to it afterwards is found."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, update

from lowcode import cli
from lowcode.context import Context
from lowcode.database.schema import approvals, trail, trail_head
from lowcode.platform import Platform
from lowcode.testing.trying import trying
from lowcode.testing.watching import queries
from lowcode.workflow import trail as trails
from lowcode.workflow import verifying
from tests.workflow.office import Office


def story(office: Office) -> int:
    """Let much happen to one record; eight entries."""
    office.steps(*({"approvers": office.users(name)} for name in ("lena", "tom")))
    record = office.submitted()
    office["ann"].post(f"/forms/errand/records/{record}/approval/urge", {}).expect(200)
    office.tell("lena", "transfer", to=office.id("otto"), opinion="你看").expect(200)
    office.decide("otto").expect(200)
    office.tell("tom", "return", opinion="不清楚").expect(200)
    office.decide("lena").expect(200)
    office["admin"].post(f"/tasks/{office.task('tom')}/reassign", {"to": office.id("kim")}).expect(200)
    office.tell("kim", "copy", to=office.id("bob")).expect(200)
    office.decide("kim").expect(200)
    return record


STORY = [
    ("ann", "submit"), ("ann", "urge"), ("lena", "transfer"), ("otto", "agree"), ("tom", "return"), ("lena", "agree"),
    ("admin", "reassign"), ("kim", "copy"), ("kim", "agree"), ("kim", "approved"),
]  # fmt: skip


def test_every_act_is_an_entry(office: Office) -> None:
    record = story(office)
    assert office.trail() == STORY
    found = office.verified()
    assert (found["entries"], found["broken_at"], found["reason"]) == (10, None, None)
    with office.platform.db.read() as connection:
        rows = connection.execute(select(trail).order_by(trail.c.seq)).all()
        head = connection.execute(select(trail_head)).one()
    assert [row.seq for row in rows] == list(range(1, 11))
    assert {row.digest for row in rows} == {office.runs()[0].digest}
    assert (head.seq, head.hash, rows[-1].hash) == (10, found["head"], found["head"])
    assert {row.record for row in rows} == {record}


def test_the_timeline_tells_it_in_words(office: Office) -> None:
    record = story(office)
    shown = office.approval("ann", record)
    assert [each["action"] for each in shown["timeline"]] == [action for _who, action in STORY]
    texts = [each["text"] for each in shown["timeline"]]
    assert texts[0] == "ann提交审批。"
    assert texts[2] == "lena转给otto办理（第1步）。"
    assert texts[4] == "tom退回到“第1步”（第2步）。"
    assert texts[6].endswith("把tom的待办改派给kim（第2步）。")
    assert shown["timeline"][2]["opinion"] == "你看"
    assert shown["timeline"][2]["to"] == [{"id": office.id("otto"), "title": "otto"}]
    assert shown["version"] == 2


def test_other_ends_are_entries_too(office: Office) -> None:
    first, second, third = office.submitted(), office.submitted(), office.submitted()
    office.act("ann", first, "withdraw").expect(200)
    office.platform.as_system(lambda ctx: ctx.forms.errand.delete(second))
    office["lena"].post(f"/tasks/{office.task('lena')}/add_signer", {"to": office.id("otto"), "place": "before"})
    office.decide("otto", "reject").expect(200)
    assert [action for _who, action in office.trail()] == [
        *("submit", "submit", "submit", "withdraw", "cancel", "add_signer", "reject"),
    ]
    assert office.verified()["broken_at"] is None
    assert office.status(third) == "rejected"


def test_a_refusal_leaves_no_entry(office: Office) -> None:
    office.submitted()
    office.tell("lena", "return", opinion="")
    office.tell("lena", "transfer", to=office.id("ann"))
    assert office.trail() == [("ann", "submit")]


def test_only_administrators_verify(office: Office) -> None:
    assert office["boss"].get("/audit/verify").status == 403


def other(value: Any) -> Any:
    """Change a value by one byte, or what comes closest."""
    if isinstance(value, str):
        return chr(ord(value[0]) ^ 1) + value[1:] if value else "x"
    if isinstance(value, int):
        return value + 1
    if isinstance(value, dict):
        return {**value, "x": 1}
    return value + timedelta(seconds=1) if value is not None else "x"


@pytest.mark.parametrize("column", [column.name for column in trail.c if column.name != "seq"])
def test_one_byte_of_any_column_is_found(office: Office, column: str) -> None:
    story(office)
    for seq in (1, 5, 10):
        with office.platform.db.read() as connection:
            before = connection.scalar(select(trail.c[column]).where(trail.c.seq == seq))
        value = 7 if column == "user" and before is None else other(before)
        office.update(trail, trail.c.seq == seq, **{column: value})
        found = office.verified()
        assert (found["broken_at"], bool(found["reason"])) == (seq, True), (column, seq, found)
        office.update(trail, trail.c.seq == seq, **{column: before})
    assert office.verified()["broken_at"] is None


def change(statement: Any) -> Callable[[Platform], None]:
    def work(platform: Platform) -> None:
        with platform.db.write() as connection:
            connection.execute(statement)

    return work


def swap(first: int, second: int) -> Callable[[Platform], None]:
    def work(platform: Platform) -> None:
        with platform.db.write() as connection:
            for old, new in ((first, -1), (second, first), (-1, second)):
                connection.execute(update(trail).where(trail.c.seq == old).values(seq=new))

    return work


def cut(platform: Platform) -> None:
    """Cut the last entry off, and the head with it."""
    with platform.db.write() as connection:
        connection.execute(delete(trail).where(trail.c.seq == 10))
        end = connection.execute(select(trail.c.seq, trail.c.hash).where(trail.c.seq == 9)).one()
        connection.execute(update(trail_head).values(seq=end.seq, hash=end.hash))


@pytest.mark.parametrize(
    ("harm", "broken_at", "word"),
    [
        (change(delete(trail).where(trail.c.seq == 5)), 5, "缺失"),
        (change(delete(trail).where(trail.c.seq == 1)), 1, "缺失"),
        (change(delete(trail).where(trail.c.seq == 10)), 10, "末尾"),
        (change(delete(trail)), 1, "末尾"),
        (change(delete(trail_head)), 11, "末尾"),
        (swap(3, 7), 3, "调换"),
        (swap(1, 10), 1, "被"),
        (change(update(trail).where(trail.c.seq == 10).values(seq=12)), 10, "缺失"),
        (change(update(approvals).values(document={"name": "x"})), 1, "单据"),
        (change(update(approvals).values(digest="0" * 64)), None, ""),
    ],
)
def test_the_first_broken_entry_is_named(
    office: Office, harm: Callable[[Platform], None], broken_at: int | None, word: str
) -> None:
    story(office)
    harm(office.platform)
    found = office.verified()
    assert found["broken_at"] == broken_at, found
    assert word in (found["reason"] or "")


def test_an_entry_that_cannot_be_read_is_named(office: Office) -> None:
    if not office.platform.db.is_sqlite:
        pytest.skip("PostgreSQL does not store what is not JSON")
    story(office)
    with office.platform.db.write() as connection:
        connection.exec_driver_sql("UPDATE trail SET details = '{' WHERE seq = 4")
    assert office.verified()["broken_at"] == 4


def test_a_tail_cut_off_with_its_head_is_found_by_the_head_of_an_earlier_check(office: Office) -> None:
    story(office)
    head = office.verified()["head"]
    assert office.verified(head=head)["broken_at"] is None
    office.submitted()
    assert office.verified(head=head)["broken_at"] is None
    with office.platform.db.write() as connection:
        connection.execute(delete(trail).where(trail.c.seq == 11))
    cut(office.platform)
    assert office.verified()["broken_at"] is None
    found = office.verified(head=head)
    assert (found["broken_at"], "重写" in found["reason"]) == (10, True)


def test_a_trail_of_many_entries_is_walked_in_parts(office: Office) -> None:
    record = office.submitted()
    (run,) = office.runs()
    about = {"at": run.submitted_at, "approval_id": run.id, "form": "errand", "record": record, "user": None}
    row = {**about, "action": "urge", "step": None, "opinion": None, "details": {}, "digest": run.digest}
    with office.platform.db.write() as connection:
        trails.write(connection, [row] * (verifying.CHUNK * 2))
    assert office.verified() == {**office.verified(), "entries": 1001, "broken_at": None}
    office.update(trail, trail.c.seq == 777, opinion="x")
    assert office.verified()["broken_at"] == 777


def test_removing_the_data_of_an_app_leaves_a_whole_trail(office: Office) -> None:
    story(office)
    with office.platform.db.write() as connection:
        trails.note_removal(connection, ["errand", "nothing"])
        for table in ("approval_tasks", "approval_copies", "approvals"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    assert office.verified() == {**office.verified(), "entries": 11, "broken_at": None}


def test_a_run_that_is_gone_is_found(office: Office) -> None:
    office.submitted()
    with office.platform.db.write() as connection:
        connection.exec_driver_sql("DELETE FROM approval_tasks")
        connection.exec_driver_sql("DELETE FROM approvals")
    assert office.verified()["broken_at"] == 1


def test_the_command_line_tells(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    monkeypatch.setattr(cli, "_platform", lambda: nullcontext(office.platform))
    story(office)
    good = CliRunner().invoke(cli.cli, ["audit", "verify"])
    assert (good.exit_code, "10" in good.output) == (0, True)
    office.update(trail, trail.c.seq == 6, opinion="改")
    bad = CliRunner().invoke(cli.cli, ["audit", "verify"])
    assert (bad.exit_code, "6" in bad.output.splitlines()[-1]) == (1, True)


def test_what_a_savepoint_takes_back_leaves_no_entry(office: Office) -> None:
    """Entries are written at the end of the transaction: those of what was undone before are not among them."""
    first, second, third = (office.draft() for _each in range(3))

    def work(ctx: Context) -> None:
        act(ctx, first)
        with ctx.connection.begin_nested() as outer:
            act(ctx, second)
            with ctx.connection.begin_nested():
                act(ctx, third)
            outer.rollback()
        with suppress(LookupError), ctx.connection.begin_nested():
            act(ctx, second)
            raise LookupError
        with ctx.connection.begin_nested():
            act(ctx, third)

    def act(ctx: Context, record: int) -> None:
        ctx.forms.errand.move(record, "submit")

    office.platform.writing(office["ann"].user_or_fail, work)
    assert [run.record for run in office.runs()] == [first, third]
    assert office.trail() == [("ann", "submit")] * 2
    assert office.verified() == {**office.verified(), "entries": 2, "broken_at": None}


def test_what_is_only_tried_leaves_no_entry(office: Office) -> None:
    record = office.draft()
    with trying(office.platform, office["ann"].user_or_fail) as ctx:
        ctx.forms.errand.move(record, "submit")
    assert (office.runs(), office.trail()) == ([], [])
    office.submitted()
    assert office.trail() == [("ann", "submit")]


def test_a_transaction_that_fails_leaves_no_entry(office: Office) -> None:
    record = office.draft()

    def work(ctx: Context) -> None:
        ctx.forms.errand.move(record, "submit")
        raise LookupError

    with pytest.raises(LookupError):
        office.platform.writing(office["ann"].user_or_fail, work)
    office.platform.as_system(lambda ctx: ctx.today)
    assert office.trail() == []


def test_the_end_of_the_trail_is_locked_last(office: Office) -> None:
    """Whoever locks it holds everybody else up; between it and the commit there is nothing left to do."""
    records = [office.draft() for _each in range(5)]
    with queries(office.platform) as sent:
        office["ann"].post("/forms/errand/actions/submit", {"ids": records}).expect(200)
    about = [index for index, statement in enumerate(sent) if "trail" in statement]
    assert len(about) >= 3
    assert about == list(range(about[0], len(sent)))
