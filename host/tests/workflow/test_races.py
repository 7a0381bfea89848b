"""Two at the same moment: one decision, one run."""

from collections import Counter
from functools import partial

from tests.workflow.office import Office, at_once


def test_two_approvers_make_one_decision(office: Office) -> None:
    office.steps({"approvers": {"role": "treasurer"}})
    for round_ in range(50):
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
