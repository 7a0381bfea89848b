"""Every triple of state, move and actor: exactly the declared ones succeed, and a refusal changes nothing."""

from tests.workflow.office import Office

START = {
    "draft": (),
    "in_review": (("ann", "submit"),),
    "approved": (("ann", "submit"), ("lena", "agree")),
    "rejected": (("ann", "submit"), ("lena", "reject")),
    "withdrawn": (("ann", "submit"), ("ann", "withdraw")),
    "closed": (("ann", "submit"), ("lena", "agree"), ("ann", "close")),
}
ALLOWED = {
    ("draft", "submit", "ann"): "in_review",
    ("rejected", "submit", "ann"): "in_review",
    ("withdrawn", "submit", "ann"): "in_review",
    ("draft", "ask", "kim"): "in_review",
    ("in_review", "withdraw", "ann"): "withdrawn",
    ("approved", "close", "ann"): "closed",
    ("approved", "close", "kim"): "closed",
}
MOVES = ("submit", "ask", "withdraw", "close", "reopen")


def bring(office: Office, state: str) -> int:
    record = office.draft("ann")
    for who, step in START[state]:
        if step in ("agree", "reject"):
            office.decide(who, step).expect(200)
        else:
            office.act(who, record, step).expect(200)
    assert office.status(record) == state
    return record


def test_every_triple(office: Office) -> None:
    tried = 0
    for state in START:
        for move in MOVES:
            record = bring(office, state)
            for actor in office.people:
                answer = office.act(actor, record, move)
                expected = ALLOWED.get((state, move, actor))
                tried += 1
                assert (answer.status == 200) is (expected is not None), (state, move, actor, answer)
                assert office.status(record) == (expected or state), (state, move, actor)
                if expected:
                    record = bring(office, state)
    assert tried == 6 * 5 * 9


def test_the_buttons_of_a_record_are_the_moves_that_succeed(office: Office) -> None:
    for state in START:
        record = bring(office, state)
        for actor in ("ann", "lena", "kim", "admin"):
            can = office[actor].get(f"/forms/errand/records/{record}").expect(200)["$can"]
            (row,) = (
                each
                for each in office[actor].get("/forms/errand/records", per_page=200).expect(200)["items"]
                if each["id"] == record
            )
            expected = [move for move in MOVES if (state, move, actor) in ALLOWED]
            assert [name for name in can if name in MOVES] == expected == [n for n in row["$can"] if n in MOVES]


def test_a_condition_refuses(office: Office) -> None:
    record = office.draft(amount="0")
    answer = office.act("ann", record, "submit")
    assert (answer.status, answer.json["code"]) == (422, "not_allowed_now")
    assert office.runs() == []


def test_the_owner_is_who_owns_it_now_and_the_creator_is_nobody(office: Office) -> None:
    record = office.draft("ann")
    office["kim"].patch(f"/forms/errand/records/{record}", {"owner": office.id("bob")}, version=1).expect(200)
    assert office.act("ann", record, "submit").status == 404
    office.act("bob", record, "submit").expect(200)


def test_who_submitted_may_withdraw_and_not_the_owner(office: Office) -> None:
    record = office.draft("ann")
    office.act("kim", record, "ask").expect(200)
    assert office.act("ann", record, "withdraw").status == 403
    office.act("kim", record, "withdraw").expect(200)


def test_nobody_edits_or_deletes_what_is_in_review(office: Office) -> None:
    record = office.submitted("ann")
    for who in ("ann", "kim", "admin"):
        version = office[who].get(f"/forms/errand/records/{record}").expect(200)["version"]
        path = f"/forms/errand/records/{record}"
        assert office[who].patch(path, {"amount": "1"}, version=version).json["code"] == "not_editable"
        assert office[who].delete(path, version=version).json["code"] == "not_editable"


def test_a_move_has_no_preview(office: Office) -> None:
    record = office.draft("ann")
    answer = office["ann"].post(f"/forms/errand/records/{record}/actions/submit", {}, preview=1)
    assert (answer.status, answer.json["code"], office.status(record)) == (422, "no_preview", "draft")
