"""Delivery: every mail of a committed transaction leaves, and once, whatever fails and whoever else sends."""

import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from lowcode import notify
from lowcode.context import Context
from lowcode.database.schema import mails
from lowcode.notify import delivery, outbox
from lowcode.notify import queue as queues
from lowcode.platform import Platform
from tests.notify.postoffice import Postoffice

KILLS = 50


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliver only when a test does."""
    monkeypatch.setattr(queues, "wake", lambda config: None)


def write(platform: Platform, *names: str) -> None:
    def work(ctx: Context) -> None:
        for name in names:
            notify.mail(ctx, f"event-{name}", f"{name}@example.com", f"主题 {name}", f"正文 {name}")

    platform.as_system(work)


def states(platform: Platform) -> Counter[str]:
    with platform.db.read() as connection:
        return Counter(connection.scalars(select(mails.c.state)))


def only(platform: Platform) -> Any:
    with platform.db.read() as connection:
        return connection.execute(select(mails)).one()


def fork_worker(platform: Platform) -> int:
    """Start a process that sends what is due."""
    platform.db.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            delivery.deliver(platform)
        finally:
            os._exit(0)
    return child


def end_leases(platform: Platform) -> int:
    """Let the five minutes pass; give how many mails a killed worker has left behind."""
    now = datetime.now(UTC)
    left = (mails.c.state == "sending") & (mails.c.next_at > now)
    past = update(mails).where(left).values(next_at=now)
    return platform.db.run(lambda connection: connection.execute(past).rowcount)


def test_a_mail_as_it_arrives(mailing: Platform, office: Postoffice) -> None:
    mailing.as_system(lambda ctx: notify.mail(ctx, "e", "guest@example.com", "报价 1", "您好\n.\n再见", "<p>您好</p>"))
    assert delivery.deliver(mailing) == 1
    ((recipient, message),) = office.taken
    assert (recipient, message["To"], message["Subject"]) == ("guest@example.com", "guest@example.com", "报价 1")
    assert message["From"] == "低代码 <host@example.com>"
    assert message["Message-ID"].endswith("@example.com>")
    assert message["Date"]
    assert message["Auto-Submitted"]
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text
    assert text.get_content().splitlines() == ["您好", ".", "再见"]
    assert html
    assert html.get_content().strip() == "<p>您好</p>"
    row = only(mailing)
    assert (row.state, row.attempts, row.error) == ("sent", 1, None)
    assert row.sent_at
    assert delivery.deliver(mailing) == 0


def test_one_connection_for_many(mailing: Platform, office: Postoffice) -> None:
    write(mailing, *(f"p{number}" for number in range(delivery.MOST_PER_CONNECTION + 10)))
    assert delivery.deliver(mailing) == delivery.MOST_PER_CONNECTION + 10
    assert office.connections == 2


def test_killed_fifty_times(mailing: Platform, office: Postoffice) -> None:
    """Half of the kills come at any moment, half when the server has taken a mail and not said so yet."""
    dice, doubtful, names = random.Random(7), 0, []
    for kill in range(KILLS):
        batch = [f"k{kill}-{number}" for number in range(3)]
        names += batch
        write(mailing, *batch)
        office.in_flight.clear()
        office.tarries = 10 if kill % 2 else 0.002
        child = fork_worker(mailing)
        if kill % 2:
            assert office.in_flight.wait(60)
        else:
            time.sleep(dice.uniform(0, 0.06))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        doubtful += end_leases(mailing)
    office.tarries = 0
    assert doubtful >= KILLS // 2
    delivery.deliver(mailing)
    assert states(mailing) == {"sent": len(names)}
    sent = Counter(office.recipients())
    assert sent.keys() == {f"{name}@example.com" for name in names}
    assert KILLS // 2 <= sum(sent.values()) - len(names) <= doubtful <= KILLS
    ids = {(recipient, message["Message-ID"]) for recipient, message in office.taken}
    assert len(ids) == len(names)  # a receiver recognises the second copy


def test_three_workers_share_the_work(mailing: Platform, office: Postoffice) -> None:
    names = [f"w{number}" for number in range(300)]
    write(mailing, *names)
    children = [fork_worker(mailing) for _number in range(3)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert Counter(office.recipients()) == Counter(f"{name}@example.com" for name in names)
    assert states(mailing) == {"sent": 300}
    assert office.connections > 3


def test_a_server_that_is_down_for_a_while(mailing: Platform, office: Postoffice) -> None:
    office.close()
    write(mailing, "a", "b", "c")
    later = datetime.now(UTC)
    for minutes in range(0, 600, 60):
        moment = later + timedelta(minutes=minutes)
        assert delivery.deliver(mailing, lambda: moment) == 0  # noqa: B023
    assert states(mailing) == {"due": 3}
    with mailing.db.read() as connection:
        assert all("refused" in error for error in connection.scalars(select(mails.c.error)))
        assert connection.scalar(select(func.max(mails.c.attempts))) == 0
    office.open()
    assert delivery.deliver(mailing) == 3
    assert states(mailing) == {"sent": 3}
    assert sorted(office.recipients()) == [f"{name}@example.com" for name in "abc"]


def test_a_refused_recipient_fails_at_once_and_holds_up_nobody(mailing: Platform, office: Postoffice) -> None:
    office.refusals["a@example.com"] = "550 5.1.1 No such user"
    write(mailing, "a", "b")
    assert delivery.deliver(mailing) == 1
    assert (office.recipients(), office.connections) == (["b@example.com"], 1)
    with mailing.db.read() as connection:
        row = connection.execute(select(mails).where(mails.c.recipient == "a@example.com")).one()
    assert (row.state, row.attempts, row.error) == ("failed", 1, "550 5.1.1 No such user")


def test_temporary_refusals_are_tried_again_with_growing_pauses(mailing: Platform, office: Postoffice) -> None:
    office.refusals["a@example.com"] = "451 Try again later"
    write(mailing, "a")
    moment = datetime.now(UTC)
    for minutes in (1, 5, 30, 120):
        assert delivery.deliver(mailing, lambda: moment) == 0  # noqa: B023
        assert (only(mailing).state, only(mailing).error) == ("due", "451 Try again later")
        assert only(mailing).next_at == moment + timedelta(minutes=minutes)
        early = moment + timedelta(minutes=minutes, seconds=-1)
        delivery.deliver(mailing, lambda: early)  # noqa: B023
        moment += timedelta(minutes=minutes)
    assert only(mailing).attempts == 4
    delivery.deliver(mailing, lambda: moment)
    assert (only(mailing).state, only(mailing).attempts) == ("failed", 5)
    office.refusals.clear()
    mailing.as_system(lambda ctx: outbox.send_again(ctx, only(mailing).id))
    assert delivery.deliver(mailing) == 1
    assert only(mailing).state == "sent"


def test_a_connection_that_breaks(mailing: Platform, office: Postoffice) -> None:
    office.hangs_up = True
    write(mailing, "a", "b")
    moment = datetime.now(UTC)
    assert delivery.deliver(mailing, lambda: moment) == 0
    assert states(mailing) == {"due": 2}
    office.hangs_up = False
    moment += timedelta(minutes=1)
    assert delivery.deliver(mailing, lambda: moment) == 2


def test_a_lease_that_was_lost_marks_nothing(mailing: Platform) -> None:
    """The slow worker of a claim that has ended does not speak for the one that holds it now."""
    write(mailing, "a")
    now = datetime.now(UTC)
    slow = outbox.claim(mailing.db, now)
    assert slow
    assert outbox.claim(mailing.db, now + outbox.LEASE - timedelta(seconds=1)) is None
    quick = outbox.claim(mailing.db, now + outbox.LEASE)
    assert quick
    assert (quick.id, quick.attempt) == (slow.id, 2)
    outbox.mark_refused(mailing.db, slow, now, "late", for_good=True)
    assert only(mailing).state == "sending"
    outbox.mark_sent(mailing.db, quick, now)
    outbox.mark_refused(mailing.db, slow, now, "late", for_good=True)
    assert (only(mailing).state, only(mailing).error) == ("sent", None)


def test_a_mail_that_always_ends_the_worker_is_given_up(mailing: Platform) -> None:
    write(mailing, "a")
    now = datetime.now(UTC)
    for attempt in range(1, 6):
        letter = outbox.claim(mailing.db, now)
        assert letter
        assert letter.attempt == attempt
        now += outbox.LEASE
    assert outbox.claim(mailing.db, now) is None
    assert (only(mailing).state, only(mailing).error) == ("failed", outbox.CUT_SHORT)


def test_all_time_outs_of_a_mail_are_within_its_lease() -> None:
    answers = 5  # MAIL, RCPT, DATA, the text, and RSET after a refusal
    assert timedelta(seconds=delivery.TIMEOUT_SECONDS * answers) < outbox.LEASE


def test_a_process_that_has_to_stop_leaves_the_rest(mailing: Platform, office: Postoffice) -> None:
    write(mailing, "a", "b", "c")
    assert delivery.deliver(mailing, is_stopping=lambda: len(office.taken) >= 1) == 1
    assert states(mailing) == {"sent": 1, "due": 2}
