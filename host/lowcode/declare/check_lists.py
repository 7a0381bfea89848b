"""Check how a form's lists are offered beyond their rows: as tabs of another, as boards and as calendars."""

from collections.abc import Mapping

from lowcode.declare.fields import Field
from lowcode.declare.model import Action, Board, Form, ListView
from lowcode.declare.problems import Spot, hint, quote
from lowcode.declare.scene import Fields, Scene
from lowcode.declare.workflows import Move

SUMMED = ("money", "number", "integer")
DATED = ("date", "datetime")
BUTTONS = ("open", "edit", "delete")
NO_CARD = ("lines", "image", "files")


def check_lists(form: Form, scene: Scene) -> None:
    """Report every fault of a form's tabs, boards, calendars and buttons of rows."""
    fields = scene.fields_of(form)
    for name, view in form.lists.items():
        spot = scene.file(form.file) / "lists" / name
        if view.under is not None:
            _check_under(view, view.under, form, spot / "under")
        if view.board is not None:
            _check_board(view, view.board, fields, spot / "board")
            _check_steps(view.board, form, fields, spot / "board", scene)
        if view.calendar is not None:
            _check_calendar(view, view.calendar, fields, spot / "calendar")
        _check_buttons(view, form, spot / "actions", scene)


def _check_buttons(view: ListView, form: Form, spot: Spot, scene: Scene) -> None:
    """Check that the buttons of the rows are what records of the form can be asked for."""
    workflow = scene.plugin.workflows.get(form.workflow or "")
    names = [*BUTTONS, *form.actions, *(workflow.moves if workflow else ())]
    for name in view.actions:
        if name not in names:
            message = f"{quote(name)} is no button of the form's records.{hint(name, names)} Name one of them."
            (spot / name).fault("E238", message)


def _check_under(view: ListView, name: str, form: Form, spot: Spot) -> None:
    """Tabs are one row: a list stands under one that is not a tab itself."""
    parent = form.lists.get(name)
    if parent is None:
        others = [each for each in form.lists if each != view.name]
        spot.fault("E229", f"{quote(name)} is not a list of the form.{hint(name, others)} Name another of its lists.")
    elif name == view.name:
        spot.fault("E229", "A list cannot be a tab of itself. Name another list of the form, or remove the key.")
    elif parent.under is not None:
        spot.fault("E229", f"The list '{name}' is a tab itself. Name the list that it stands under, '{parent.under}'.")


def _check_board(view: ListView, board: Board, fields: Fields, spot: Spot) -> None:
    """Check what the columns are, what is added up, and what the cards show."""
    by = _field(board.by, fields, spot / "by", "E230")
    if by is not None and (by.type != "choice" or not by.dictionary or by.masked_without or by.derived):
        message = f"The columns are the items of a dictionary, but '{by.name}' is no choice from one. Name a choice."
        (spot / "by").fault("E230", message)
    elif by is not None and by.name not in view.filters:
        message = f"Long columns lead to the list, filtered by '{by.name}'. Add it to the list's 'filters'."
        (spot / "by").fault("E230", message)
    if board.sum is not None:
        added = _field(board.sum, fields, spot / "sum", "E230")
        if added is not None and (added.type not in SUMMED or added.masked_without or added.derived):
            (spot / "sum").fault("E230", f"'{added.name}' cannot be added up. Name a stored field of money or numbers.")
    for index, name in enumerate(board.fields):
        shown = _field(name, fields, (spot / "fields")[index], "E230")
        if shown is not None and shown.type in NO_CARD:
            (spot / "fields")[index].fault("E230", f"'{name}' is {shown.type} and has no room on a card. Remove it.")


def _check_steps(board: Board, form: Form, fields: Fields, spot: Spot, scene: Scene) -> None:
    """Check that the cards can be moved by what the board names."""
    workflow = scene.plugin.workflows.get(form.workflow or "")
    steps: dict[str, Action | Move] = {**form.actions, **(workflow.moves if workflow else {})}
    step = _step(board.action, steps, spot / "action")
    if step is not None and not _is_told(step, board.by):
        message = f"'{board.action}' has no parameter '{board.by}' that says which column. Add it to its 'params'."
        (spot / "action").fault("E231", message)
    by = fields.get(board.by)
    dictionary = scene.plugin.dictionaries.get(by.dictionary or "") if by else None
    for code, name in board.others.items():
        at = spot / "others" / code
        if dictionary is not None and code not in dictionary.items:
            near = hint(code, dictionary.items)
            at.fault("E231", f"{quote(code)} is not an item of the dictionary '{dictionary.name}'.{near} Name one.")
        _step(name, steps, at)


def _is_told(step: Action | Move, by: str) -> bool:
    declared = step.params.get(by)
    return declared is not None and declared.type == "choice"


def _step(name: str, steps: Mapping[str, Action | Move], spot: Spot) -> Action | Move | None:
    if name not in steps:
        spot.fault("E231", f"{quote(name)} is not an action of the form.{hint(name, steps)} Name one of them.")
    return steps.get(name)


def _check_calendar(view: ListView, name: str, fields: Fields, spot: Spot) -> None:
    dated = _field(name, fields, spot, "E232")
    if dated is not None and (dated.type not in DATED or dated.derived):
        spot.fault("E232", f"'{name}' is {dated.type}, not a stored day. Name a field of type date or datetime.")
    elif dated is not None and name not in view.filters:
        spot.fault("E232", f"Full days lead to the list, filtered by '{name}'. Add it to the list's 'filters'.")


def _field(name: str, fields: Fields, spot: Spot, fault: str) -> Field | None:
    if name not in fields:
        spot.fault(fault, f"{quote(name)} is not a field of the form.{hint(name, fields)} Name one of them.")
    return fields.get(name)
