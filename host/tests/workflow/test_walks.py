"""Random walks: hundreds of people doing anything at any time, and the host never differs from the plain model."""

import os
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from lowcode.database.schema import approval_tasks, approvals
from lowcode.testing.client import Answer
from tests.workflow.model import EDITABLE, Model
from tests.workflow.office import Office

FULL = int(os.environ.get("WALKS", "0"))
WALKS, LENGTH = (FULL, 200) if FULL else (10, 40)
"""`WALKS=500` makes the full run of 500 walks of 200 steps; without it there are as many as some seconds allow."""

PEOPLE = ("ann", "bob", "lena", "boss", "tom", "tina", "kim", "otto", "admin")
FLOWS = [
    [("any", ["tom", "tina", "boss"]), ("all", ["lena", "kim"]), ("sequence", ["boss", "tom", "otto"])],
    [("sequence", ["tom", "tina"]), ("any", ["tom", "lena"])],
    [("all", ["lena", "tom", "tina"]), ("all", ["lena", "boss"])],
]
people = st.sampled_from(PEOPLE)
picks = st.integers(0, 19)
"""Who decides: mostly one of those who are asked, and sometimes anybody."""

seldom = st.integers(0, 5).map(lambda number: number == 0)
"""What ends a run is tried seldom, or no run would get far."""


class Walk(RuleBasedStateMachine):
    """One record and everybody around it."""

    office: ClassVar[Office]

    @initialize(flow=st.sampled_from(FLOWS))
    def begin(self, flow: list[tuple[str, list[str]]]) -> None:
        steps = [{"approvers": self.office.users(*who), "mode": mode} for mode, who in flow]
        self.office.steps(*steps)
        self.flow = flow
        self._new_record()

    @rule(who=st.sampled_from(("ann", "ann", "bob", "kim", "admin")), name=st.sampled_from(("submit", "ask")))
    def submit(self, who: str, name: str) -> None:
        answer = self.office.act(who, self.record, name)
        states = EDITABLE if name == "submit" else ("draft",)
        if self.model.state in states and who == {"submit": "ann", "ask": "kim"}[name]:
            answer.expect(200)
            self.model.submitter = who
            self.model.flow = [(mode, _deciders(people_, who)) for mode, people_ in self.model.flow]
            self.model.submit()
        else:
            assert answer.status in (403, 404, 422)

    @rule(who=people, really=seldom)
    def withdraw(self, who: str, really: bool) -> None:
        if who == self.model.submitter and not really:
            return
        answer = self.office.act(who, self.record, "withdraw")
        if self.model.state == "in_review" and who == self.model.submitter:
            answer.expect(200)
            self.model.end("withdrawn")
        else:
            assert answer.status in (403, 404, 422)

    @rule(who=people)
    def close(self, who: str) -> None:
        answer = self.office.act(who, self.record, "close")
        if self.model.state == "approved" and who in ("ann", "kim"):
            answer.expect(200)
            self.model.state = "closed"
        else:
            assert answer.status in (403, 404, 422)

    @rule(who=st.sampled_from(("ann", "kim", "lena")))
    def edit(self, who: str) -> None:
        path = f"/forms/errand/records/{self.record}"
        version = self.office[who].get(path).expect(200)["version"]
        answer = self.office[who].patch(path, {"secret": f"{version}"}, version=version)
        assert (answer.status == 200) is (who != "lena" and self.model.state in EDITABLE), answer

    @rule(pick=picks)
    def agree(self, pick: int) -> None:
        if place := self._decided(self._who(pick), "agree", {}):
            self.model.agree(place)

    @rule(pick=picks, really=seldom)
    def reject(self, pick: int, really: bool) -> None:
        if really and self._decided(self._who(pick), "reject", {"opinion": "否"}):
            self.model.end("rejected")

    @rule(pick=picks, to=st.sampled_from((None, "s1", "s2", "s3")))
    def send_back(self, pick: int, to: str | None) -> None:
        who = self._who(pick)
        passed = [f"s{step + 1}" for step in self.model.passed()]
        if to is None and not passed:
            return  # that would end the run
        target = to or passed[-1]
        said = {"opinion": "改", "to": to}
        if self._decided(who, "return", said, is_fine=target in passed):
            self.model.go_back(int(target[1:]) - 1)

    @rule(pick=picks, really=seldom, to=st.sampled_from((None, "start")))
    def send_to_the_submitter(self, pick: int, really: bool, to: str | None) -> None:
        who = self._who(pick)
        if not really or (to is None and self.model.passed()):
            return
        if self._decided(who, "return", {"opinion": "改", "to": to}):
            self.model.end("rejected")

    @rule(pick=picks, to=people)
    def transfer(self, pick: int, to: str) -> None:
        who, said = self._who(pick), {"to": self.office.id(to)}
        if place := self._decided(who, "transfer", said, is_fine=self.model.may_ask(to)):
            place.user = to

    @rule(pick=picks, to=people, where=st.sampled_from(("before", "after")))
    def add_signer(self, pick: int, to: str, where: str) -> None:
        who, said = self._who(pick), {"to": [self.office.id(to)], "place": where}
        if place := self._decided(who, "add_signer", said, is_fine=self.model.may_ask(to)):
            self.model.add(place, to, where)

    @rule(pick=st.integers(0, 9), to=people)
    def reassign(self, pick: int, to: str) -> None:
        pending = self.model.pending()
        if not pending:
            return
        who, state = pending[pick % len(pending)]
        answer = self._post("admin", "reassign", {"to": self.office.id(to)}, whose=who)
        if self.model.may_ask(to):
            answer.expect(200)
            found = (each for place in self.model.places for each in place.all())
            next(each for each in found if (each.user, each.state) == (who, state)).user = to
        else:
            assert answer.status == 422

    @invariant()
    def the_host_agrees_with_the_model(self) -> None:
        if not hasattr(self, "record"):
            return
        assert self.office.status(self.record) == self.model.state
        assert [(who, state) for who, state, _task in self._pending()] == self.model.pending()

    def _new_record(self) -> None:
        self.record, self.model = self.office.draft("ann"), Model(self.flow, "ann")

    def _who(self, pick: int) -> str:
        """Choose who decides. Where there is nothing to decide it is mostly submitted first: walks have to get far."""
        if self.model.state != "in_review" and pick < 18:
            if self.model.state not in EDITABLE:
                self._new_record()
            self.submit("ann", "submit")
        asked = [name for name, state in self.model.pending() if state == "open"]
        return asked[pick % len(asked)] if asked and pick < 16 else PEOPLE[pick % len(PEOPLE)]

    def _decided(self, who: str, decision: str, said: dict[str, Any], *, is_fine: bool = True) -> Any:
        """Let somebody decide; give his place in the model when that was right, and see that it is refused else."""
        place = self.model.open_place(who)
        answer = self._post(who, decision, said, whose=who)
        if place is None or not is_fine:
            assert answer.status in (404, 409, 422), answer
            return None
        answer.expect(200)
        return place

    def _post(self, who: str, decision: str, said: dict[str, Any], whose: str) -> Answer:
        """Try something on the task that is somebody's, else on another one of the record."""
        mine = [task for name, _state, task in self._pending() if name == whose]
        of_record = select(approval_tasks.c.id).join_from(approval_tasks, approvals)
        with self.office.platform.db.read() as connection:
            last = connection.scalar(
                of_record.where(approvals.c.record == self.record).order_by(approval_tasks.c.id.desc()).limit(1)
            )
        return self.office[who].post(f"/tasks/{mine[0] if mine else last or 10**9}/{decision}", said)

    def _pending(self) -> list[tuple[str, str, int]]:
        names = {api.user_id: name for name, api in self.office.people.items()}
        open_run = (approvals.c.record == self.record) & approvals.c.outcome.is_(None)
        pending = approval_tasks.c.state.in_(("open", "waiting"))
        statement = select(approval_tasks.c.user, approval_tasks.c.state, approval_tasks.c.id)
        with self.office.platform.db.read() as connection:
            rows = connection.execute(statement.join_from(approval_tasks, approvals).where(open_run, pending)).all()
        return sorted((names[row.user], row.state, row.id) for row in rows)


def _deciders(names: list[str], submitter: str) -> list[str]:
    """Leave the submitter out: no head stands over kim, who belongs to no department."""
    return [name for name in names if name != submitter]


def test_random_walks(office: Office) -> None:
    Walk.office = office
    profile = settings(
        max_examples=WALKS,
        stateful_step_count=LENGTH,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # what a walk leaves behind makes the next one differ: shrinking finds nothing
        derandomize=not FULL,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Walk, settings=profile)
    assert office.verified()["broken_at"] is None
