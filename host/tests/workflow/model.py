"""What an approval of errands should do, in plain Python: the model that random walks hold the host to."""

from collections.abc import Iterator
from dataclasses import dataclass, field

EDITABLE = ("draft", "rejected", "withdrawn")


@dataclass
class Place:
    """One person of a step, with those he asked before and after himself."""

    user: str
    state: str = "open"
    before: list["Place"] = field(default_factory=list)
    after: list["Place"] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return self.state == "agreed" and all(each.is_done for each in self.after)

    def all(self) -> Iterator["Place"]:
        yield self
        for each in (*self.before, *self.after):
            yield from each.all()

    def wake(self) -> None:
        """Open whoever waits only for people who are done."""
        for each in (*self.before, *self.after):
            each.wake()
        if self.state == "waiting" and all(each.is_done for each in self.before):
            self.state = "open"


@dataclass
class Model:
    """One record. `flow` are the steps: how they are decided, and by whom."""

    flow: list[tuple[str, list[str]]]
    submitter: str
    state: str = "draft"
    step: int = 0
    places: list[Place] = field(default_factory=list)
    agreed: dict[int, set[str]] = field(default_factory=dict)

    def pending(self) -> list[tuple[str, str]]:
        """Give who is open or waiting."""
        found = [each for place in self.places for each in place.all()]
        return sorted((each.user, each.state) for each in found if each.state in ("open", "waiting"))

    def open_place(self, user: str) -> Place | None:
        found = (each for place in self.places for each in place.all())
        return next((each for each in found if each.user == user and each.state == "open"), None)

    def submit(self) -> None:
        self.state, self.agreed = "in_review", {}
        self._enter(0)

    def end(self, state: str) -> None:
        self.state, self.places = state, []

    def may_ask(self, user: str) -> bool:
        return user != self.submitter and user not in {name for name, _state in self.pending()}

    def agree(self, place: Place) -> None:
        place.state = "agreed"
        self.agreed.setdefault(self.step, set()).add(place.user)
        self._settle()

    def add(self, place: Place, user: str, where: str) -> None:
        if where == "before":
            place.state = "waiting"
            place.before.append(Place(user))
        else:
            place.after.append(Place(user))
            self.agree(place)

    def passed(self) -> list[int]:
        return sorted(step for step, who in self.agreed.items() if who and step < self.step)

    def go_back(self, step: int) -> None:
        self.agreed = {each: who for each, who in self.agreed.items() if each < step}
        self._enter(step)

    def _enter(self, step: int) -> None:
        before = set().union(*self.agreed.values()) if self.agreed else set()
        for index in range(step, len(self.flow)):
            mode, people = self.flow[index]
            left = [user for user in people if user not in before]
            if left and not (mode == "any" and len(left) < len(people)):
                later = "waiting" if mode == "sequence" else "open"
                self.step = index
                self.places = [Place(user, "open" if position == 0 else later) for position, user in enumerate(left)]
                return
        self.end("approved")

    def _settle(self) -> None:
        mode = self.flow[self.step][0]
        if mode == "any":
            self.places = [place for place in self.places if place.state == "agreed"] or self.places
        for place in self.places:
            place.wake()
            if mode == "sequence" and not place.is_done:
                return
        if all(place.is_done for place in self.places):
            self._enter(self.step + 1)
