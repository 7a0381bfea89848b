"""Check what a field says about other forms and dictionaries."""

from collections.abc import Mapping

from lowcode.conditions import split_key
from lowcode.declare.check_conditions import check_condition, check_item_condition
from lowcode.declare.check_derived import refuse
from lowcode.declare.check_fields import NUMBERS
from lowcode.declare.fields import Field, Rollup, Where
from lowcode.declare.model import Form
from lowcode.declare.problems import Spot, hint, quote
from lowcode.declare.scene import NAMEABLE, Fields, Scene

TEXTS = ("text", "textarea", "phone", "email", "url")
LIKE = (TEXTS, NUMBERS)
"""Types whose values may be copied to one another."""

HOST_SET = (*NAMEABLE, "number", "status", "owner_department")
"""Fields that the host adds to a form and fills itself."""

PAIR = 2
"""So many figures has a difference."""


def check_links(declared: Field, around: Fields, form: Form | None, spot: Spot, scene: Scene) -> None:
    """Report links that lead nowhere. `around` are the fields beside it; `form` is None in settings and dialogs."""
    if declared.sets is not None and form is not None:
        (spot / "sets").fault("E213", "'sets' has a meaning in the dialog of a move only. Remove it.")
    if declared.dictionary is not None:
        _check_dictionary(declared, spot, scene)
    if declared.suggest is not None:
        _check_suggest(declared.suggest, spot / "suggest", scene)
    if declared.type == "ref" and declared.form is not None:
        target = scene.form(declared.form, spot / "form")
        if target is not None:
            fields = {name: each for name, each in scene.fields_of(target).items() if each.type != "lines"}
            check_condition(declared.where, fields, spot / "where", scene, scene.states_of(target))
            _check_fill(declared, around, target, spot / "fill", scene)
            _check_same(declared, around, form, target, spot / "same", scene)
    if declared.rollup is not None and form is not None:
        _check_rollup(declared, declared.rollup, form, spot / "rollup", scene)
    if declared.difference and form is not None and declared.type in NUMBERS:
        _check_difference(declared, form, spot / "difference")


def _check_dictionary(declared: Field, spot: Spot, scene: Scene) -> None:
    scene.dictionary(declared.dictionary or "", spot / "dictionary")
    dictionary = scene.plugin.dictionaries.get(declared.dictionary or "")
    if dictionary is not None and declared.type == "choice":
        check_item_condition(declared.where, dictionary, spot / "where")


def _check_suggest(name: str, spot: Spot, scene: Scene) -> None:
    scene.dictionary(name, spot)
    dictionary = scene.plugin.dictionaries.get(name)
    if dictionary is not None and not any("value" in item.attributes for item in dictionary.items.values()):
        spot.fault("E205", f"No item of '{name}' has the attribute 'value' to suggest. Add `value:` to its items.")


def _check_fill(declared: Field, around: Fields, target: Form, spot: Spot, scene: Scene) -> None:
    theirs = scene.fields_of(target)
    for mine, source in declared.fill.items():
        at = spot / mine
        if mine not in around:
            at.fault("E206", f"{quote(mine)} is not a field beside '{declared.name}'.{hint(mine, around)} Name one.")
        elif source not in theirs:
            near = hint(source, theirs)
            at.fault("E206", f"{quote(source)} is not a field of '{target.name}'.{near} Name one of its fields.")
        elif refuse(theirs[source], at):
            continue
        elif around[mine].filled_by_host and not around[mine].readonly:
            at.fault("E207", f"'{mine}' is filled by the host. Remove it from 'fill', or let people fill it.")
        elif around[mine].type == "lines" or not agree(around[mine], theirs[source]):
            message = f"'{mine}' is {kind(around[mine])} but '{source}' is {kind(theirs[source])}. Give both one type."
            at.fault("E207", message)


def _check_same(declared: Field, around: Fields, form: Form | None, target: Form, spot: Spot, scene: Scene) -> None:
    theirs = scene.fields_of(target)
    fields = scene.fields_of(form) if form is not None else around
    for source, mine in declared.same.items():
        at = spot / source
        own = fields.get(mine)
        if source not in theirs:
            near = hint(source, theirs)
            at.fault("E206", f"{quote(source)} is not a field of '{target.name}'.{near} Name one of its fields.")
        elif refuse(theirs[source], at) or refuse(own, at):
            continue
        elif mine == "id":
            if form is None or theirs[source].type != "ref" or theirs[source].form != form.name:
                at.fault(
                    "E208", f"'{source}' of '{target.name}' does not refer to this form. Name a reference that does."
                )
        elif own is None:
            at.fault(
                "E206", f"{quote(mine)} is not a field of this record.{hint(mine, fields)} Name one of its fields."
            )
        elif own.type == "lines" or not agree(own, theirs[source]):
            message = f"'{mine}' is {kind(own)} but '{source}' is {kind(theirs[source])}. Name two fields of one kind."
            at.fault("E208", message)


def _check_rollup(declared: Field, rollup: Rollup, form: Form, spot: Spot, scene: Scene) -> None:
    source = scene.form(rollup.form, spot / "form")
    if source is None:
        return
    fields = scene.fields_of(source)
    by = fields.get(rollup.by)
    if by is None and rollup.by:
        near = hint(rollup.by, fields)
        (spot / "by").fault("E214", f"{quote(rollup.by)} is not a field of '{source.name}'.{near} Name a reference.")
    elif by is not None and refuse(by, spot / "by"):
        return
    elif by is not None and (by.type != "ref" or by.form != form.name):
        (spot / "by").fault(
            "E214", f"'{rollup.by}' of '{source.name}' does not refer to '{form.name}'. Name one that does."
        )
    if rollup.sum is None:
        if declared.type != "integer":
            (spot / "sum").fault(
                "E214", "Without 'sum' records are counted, so the type is 'integer'. Change the type."
            )
    else:
        _check_sum(declared, rollup.sum, source, fields, spot / "sum")
    check_condition(rollup.where, fields, spot / "where", scene, scene.states_of(source))
    if rollup.where and not _is_lasting(rollup.where, fields):
        (spot / "where").fault(
            "E214", "A stored sum cannot depend on line items or on who looks when. Compare fields with constants."
        )


def _is_lasting(where: Where, fields: Fields) -> bool:
    """Whether a condition changes only when the record itself does."""
    mappings = (where,) if isinstance(where, Mapping) else where
    tests = [(split_key(key)[0], value) for mapping in mappings for key, value in mapping.items()]
    return not any(("__" in name and name not in fields) or str(value).startswith("$") for name, value in tests)


def _check_sum(declared: Field, name: str, source: Form, fields: Fields, spot: Spot) -> None:
    added = fields.get(name)
    if added is None:
        near = hint(name, fields)
        spot.fault("E214", f"{quote(name)} is not a field of '{source.name}'.{near} Name a number or money field.")
    elif refuse(added, spot):
        return
    elif added.type not in NUMBERS or name == "id":
        spot.fault("E214", f"'{name}' is {kind(added)} and cannot be added up. Name a number or money field.")
    elif added.type != declared.type or added.digits != declared.digits:
        message = f"'{name}' is {kind(added)} but the sum is {kind(declared)}. Give both the same type and digits."
        spot.fault("E214", message)


def check_sets(params: Fields, fields: Fields, spot: Spot) -> None:
    """Report parameters of a move that do not go into the form's field they set, or that of the same name."""
    for name, declared in params.items():
        at = spot / name
        if refuse(fields.get(declared.sets or name), at):
            continue
        if declared.type == "lines" and (declared.sets or name in fields):
            at.fault("E406", f"A move does not replace line items by '{name}'. Rename it; `after_move` gets the rows.")
            continue
        if declared.sets is None:
            if name in fields and not agree(declared, fields[name]):
                message = f"'{name}' is {kind(declared)} here but {kind(fields[name])} in the form. Give both one type."
                at.fault("E406", message)
            continue
        target = fields.get(declared.sets)
        if target is None:
            near = hint(declared.sets, fields)
            message = f"{quote(declared.sets)} is not a field of the form.{near} Name one of its fields."
        elif declared.sets in HOST_SET or not _is_plain(target):
            message = f"'{declared.sets}' is not filled by moves. Name a plain field of the form."
        elif not agree(declared, target):
            message = f"'{name}' is {kind(declared)} but '{declared.sets}' is {kind(target)}. Give both one type."
        else:
            continue
        (at / "sets").fault("E407", message)


def _is_plain(declared: Field) -> bool:
    return not (declared.computed or declared.rollup or declared.difference or declared.type == "lines")


def _check_difference(declared: Field, form: Form, spot: Spot) -> None:
    """Report a difference that is not one of two stored figures of the same form."""
    if len(declared.difference) != PAIR:
        spot.fault("E236", f"A difference has two figures, not {len(declared.difference)}. Write `[total, paid]`.")
    for index, name in enumerate(declared.difference):
        figure, at = form.fields.get(name), spot[index]
        if figure is None:
            near = hint(name, form.fields)
            at.fault("E236", f"{quote(name)} is not a field of the form.{near} Name a number or money field.")
        elif refuse(figure, at):
            continue
        elif figure.difference:
            at.fault("E236", f"'{name}' is a difference itself. Name the fields that it comes from.")
        elif figure.type != declared.type or figure.digits != declared.digits:
            message = f"'{name}' is {kind(figure)} but the difference is {kind(declared)}."
            at.fault("E236", f"{message} Give both the same type and digits.")


def agree(one: Field, other: Field) -> bool:
    """Whether a value of one field makes sense in the other."""
    if one.type == other.type:
        return (one.form, one.dictionary) == (other.form, other.dictionary)
    return any(one.type in family and other.type in family for family in LIKE)


def kind(declared: Field) -> str:
    """Return what a field holds, for a message."""
    target = declared.form or declared.dictionary
    return f"{declared.type} ({target})" if target else declared.type
