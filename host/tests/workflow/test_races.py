"""Two at the same moment: one decision, one run."""

import time
from collections import Counter
from functools import partial

from tests.workflow.office import Office, at_once


def test_two_approvers_make_one_decision(office: Office) -> None:
    office.steps({"approvers": {"role": "treasurer"}})
    for round_ in range(200):
        record = office.submitted()
        first, second = office.task("tom"), office.task("tina")
        rejecting = "reject" if round_ % 2 else "agree"
        answers = at_once(
            [
                partial(office["tom"].post, f"/tasks/{first}/agree", {}),
                partial(office["tina"].post, f"/tasks/{second}/{rejecting}", {"opinion": "否"}),
            ]
        )
        assert sorted(answer.status for answer in answers) == [200, 409]
        (won,) = (answer.json for answer in answers if answer.status == 200)
        assert office.status(record) == won["outcome"] == office.runs()[-1].outcome
        assert sorted(state for _name, state in office.tasks()[-2:]) == sorted(["cancelled", won["state"]])


def test_deciding_races_with_withdrawing(office: Office) -> None:
    for _round in range(20):
        record = office.submitted()
        task = office.task("lena")
        agreeing = partial(office["lena"].post, f"/tasks/{task}/agree", {})
        decided, withdrawn = at_once([agreeing, partial(office.act, "ann", record, "withdraw")])
        assert Counter([decided.status == 200, withdrawn.status == 200]) == {True: 1, False: 1}
        assert office.status(record) == ("approved" if decided.status == 200 else "withdrawn")


def test_twenty_submits_make_one_run(office: Office) -> None:
    record = office.draft("ann")
    answers = at_once([partial(office.act, "ann", record, "submit")] * 20)
    assert Counter(answer.status for answer in answers) == {200: 1, 422: 19}
    assert (len(office.runs()), office.tasks()) == (1, [("lena", "open")])


def test_fifty_double_clicked_submits_make_fifty_runs(office: Office) -> None:
    records = [office.draft("ann") for _each in range(50)]
    for number, record in enumerate(records):
        path, key = f"/forms/errand/records/{record}/actions/submit", f"click-{number}"
        answers = at_once([partial(office["ann"].post, path, {}, key=key)] * 2)
        assert [answer.status for answer in answers] == [200, 200]
        assert answers[0].json == answers[1].json
    runs = office.runs()
    assert sorted(run.record for run in runs) == records
    assert len(office.tasks()) == 50


def test_fifty_submits_of_one_record_make_one_run(office: Office) -> None:
    record = office.draft("ann")
    answers = at_once([partial(office.act, "ann", record, "submit")] * 50)
    assert Counter(answer.status for answer in answers) == {200: 1, 422: 49}
    assert (len(office.runs()), office.tasks()) == (1, [("lena", "open")])
    assert office.verified()["broken_at"] is None


def test_all_actions_race_for_one_task(office: Office) -> None:
    for _round in range(10):
        office.submitted()
        lena, task, to = office["lena"], office.task("lena"), office.id("otto")
        calls = [
            partial(lena.post, f"/tasks/{task}/agree", {}),
            partial(lena.post, f"/tasks/{task}/reject", {"opinion": "否"}),
            partial(lena.post, f"/tasks/{task}/return", {"opinion": "改"}),
            partial(lena.post, f"/tasks/{task}/transfer", {"to": to}),
            partial(lena.post, f"/tasks/{task}/add_signer", {"to": to, "place": "after"}),
        ]
        assert Counter(answer.status for answer in at_once(calls)) == {200: 1, 409: 4}
    assert office.verified()["broken_at"] is None


def test_urging_twice_at_once_urges_once(office: Office) -> None:
    record = office.submitted()
    answers = at_once([partial(office["ann"].post, f"/forms/errand/records/{record}/approval/urge", {})] * 5)
    assert Counter(answer.status for answer in answers) == {200: 1, 422: 4}


def test_submits_of_many_records_at_once_make_one_line_of_entries(office: Office) -> None:
    records = [office.draft("ann") for _each in range(20)]
    answers = at_once([partial(office.act, "ann", record, "submit") for record in records])
    assert {answer.status for answer in answers} == {200}
    assert office.verified() == {**office.verified(), "entries": 20, "broken_at": None}


def test_two_batches_of_the_same_records_in_opposite_order(office: Office) -> None:
    """Each waits for the other's first record, and not halfway for something that the other holds."""
    records = [office.draft("ann") for _each in range(40)]
    batches = [
        partial(office["kim"].post, "/forms/errand/actions/ask", {"ids": ids}) for ids in (records, records[::-1])
    ]
    start = time.monotonic()
    answers = at_once(batches)
    spent = time.monotonic() - start
    for answer, ids in zip(answers, (records, records[::-1]), strict=True):
        assert [each["id"] for each in answer.expect(200)] == ids
    found = Counter(each["status"] for answer in answers for each in answer.json)
    assert found == {200: 40, 422: 40}
    assert len(office.runs()) == 40
    assert office.verified() == {**office.verified(), "entries": 40, "broken_at": None}
    assert spent < 10


def test_batches_race_with_submits_of_their_records(office: Office) -> None:
    records = [office.draft("ann") for _each in range(20)]
    batch = partial(office["kim"].post, "/forms/errand/actions/ask", {"ids": records})
    answers = at_once([batch, *(partial(office.act, "ann", record, "submit") for record in records[::-1])])
    assert {answer.status for answer in answers} <= {200, 422}
    assert sorted(run.record for run in office.runs()) == records
    assert office.verified() == {**office.verified(), "entries": 20, "broken_at": None}


def test_a_record_named_twice_is_acted_on_once(office: Office) -> None:
    record = office.draft("ann")
    answer = office["kim"].post("/forms/errand/actions/ask", {"ids": [record, record, "x", str(record)]})
    assert [(each["id"], each["status"]) for each in answer.expect(200)] == [(record, 200), ("x", 404)]
