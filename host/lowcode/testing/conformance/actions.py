"""Checks of buttons: moves and actions run where `$can` offers them and nowhere else."""

from collections.abc import Mapping

from lowcode.declare.fields import Field
from lowcode.declare.workflows import Move
from lowcode.forms import LiveForm
from lowcode.testing.conformance.base import Checks, need, path
from lowcode.testing.examples import Examples
from lowcode.testing.watching import nothing_written

REFUSED = (403, 404, 409, 422)


class ActionChecks(Checks):
    """Checks of state moves and declared actions."""

    def test_what_is_not_offered_is_refused(self, form: LiveForm, examples: Examples) -> None:
        """A button that `$can` does not list is refused and changes nothing; one that does not exist is 404."""
        record = examples.create(form.name)
        address = f"{path(form, record['id'])}/actions"
        with nothing_written(examples.platform):
            examples.api.post(f"{address}/no_such_action", {}).expect(404)
            for name in _steps(form):
                if name not in record["$can"]:
                    for answer in (examples.api.post(f"{address}/{name}", {}), examples.api.get(f"{address}/{name}")):
                        assert answer.status in REFUSED, f"{name} is not offered, and answers {answer.status}."

    def test_parameters_are_checked(self, form: LiveForm, examples: Examples) -> None:
        """What is offered names missing and unknown parameters, and writes nothing."""
        record = examples.create(form.name)
        offered = {name: params for name, params in _steps(form).items() if name in record["$can"]}
        need(offered, "A new record of this form offers no button.")
        for name, params in offered.items():
            address = f"{path(form, record['id'])}/actions/{name}"
            with nothing_written(examples.platform):
                assert examples.api.get(address).expect(200)["values"].keys() == params.keys()
                assert "no_such_field" in examples.api.post(address, {"no_such_field": 1}).expect(422)["errors"]
                for each in (field for field in params.values() if field.required):
                    assert each.name in examples.api.post(address, {each.name: None}).expect(422)["errors"]

    def test_every_move_leads_where_it_says(self, form: LiveForm, examples: Examples) -> None:
        """From each of its states, for somebody it is for: the record gets the new state, or a rule says why not."""
        moves = form.workflow.moves.values() if form.workflow else ()
        need(moves, "This form has no moves.")
        for move in moves:
            for state in move.from_:
                self._move(form, examples, move, state)

    def _move(self, form: LiveForm, examples: Examples, move: Move, state: str) -> None:
        record = examples.create(form.name, full=True)
        examples.force(form.name, record["id"], {"status": state})
        if move.name not in examples.read(form.name, record["id"])["$can"]:
            return  # its `when` or its people leave this record out
        answer = examples.api.post(f"{path(form, record['id'])}/actions/{move.name}", examples.params(move.params))
        assert answer.status in (200, 422), f"{move.name} from {state}: {answer}"
        assert not answer.errors.keys() & move.params.keys(), f"{move.name} refuses valid parameters: {answer.errors}"
        if answer.status == 200:
            assert answer.json["message"]
            assert move.approval or answer.json["record"]["status"] == move.to
            newest = examples.api.get(f"{path(form, record['id'])}/history").expect(200)[0]
            assert newest["by"] is not None, f"The history does not tell of {move.name}."
            assert newest["by"]["id"] == examples.api.user_id


def _steps(form: LiveForm) -> Mapping[str, Mapping[str, Field]]:
    moves = form.workflow.moves if form.workflow else {}
    return {
        **{name: action.params for name, action in form.declared.actions.items()},
        **{name: move.params for name, move in moves.items()},
    }
