"""Check conditions: their fields, operators and values."""

from collections.abc import Collection
from typing import Any

from lowcode.conditions import OPERATORS, ConditionFault, parse, split_key
from lowcode.declare.check_derived import refuse
from lowcode.declare.fields import Field, Scope, Where
from lowcode.declare.model import Dictionary
from lowcode.declare.problems import Spot, hint, quote, shorten
from lowcode.declare.scene import Fields, Scene, conditions_of, is_known_type
from lowcode.fieldtypes import FIELD_TYPES


def check_condition(
    where: Where | Scope | None, fields: Fields, spot: Spot, scene: Scene, states: Collection[str] = ()
) -> None:
    """Report what cannot be compiled or never holds. `states` are the values of a `status` that a workflow adds."""
    if where is not None and not where:
        spot.fault("E210", "An empty condition never holds. Write `field: value` in it, or leave it out.")
    for mapping, at in conditions_of(where or (), spot):
        for key, value in mapping.items():
            _check_test(key, value, fields, at / key, scene, states)


def _check_test(key: str, value: Any, fields: Fields, spot: Spot, scene: Scene, states: Collection[str]) -> None:
    name, operator = split_key(key)
    declared = _field(name, fields)
    if declared is None:
        _report_unknown(name, fields, spot)
    elif not is_known_type(declared) or refuse(declared, spot):
        return
    elif operator not in FIELD_TYPES[declared.type].operators:
        usable = ", ".join(sorted(FIELD_TYPES[declared.type].operators)) or "none"
        spot.fault("E210", f"'{operator}' does not work on a field of type {declared.type}. Operators: {usable}.")
    elif operator not in ("eq", "ne") and None in (value if isinstance(value, tuple) else (value,)):
        spot.fault("E210", f"Nothing cannot be compared by '{operator}'. Write a value, or use `isnull`.")
    else:
        try:
            parse({key: value}, fields)
        except ConditionFault:
            shown = shorten(", ".join(map(str, value)) if isinstance(value, tuple) else str(value))
            spot.fault("E210", f"{shown} cannot be compared with a field of type {declared.type}. Correct the value.")
        else:
            _check_codes(value, declared, spot, scene, states)


def _field(name: str, fields: Fields) -> Field | None:
    """Return the field, or the line items' column for `lines__product`."""
    if name in fields:
        return fields[name]
    line, _, column = name.rpartition("__")
    return fields[line].fields.get(column) if line in fields else None


def _report_unknown(name: str, fields: Fields, spot: Spot) -> None:
    base, separator, last = name.rpartition("__")
    if separator and base in fields and fields[base].type != "lines":
        near = hint(last, OPERATORS)
        spot.fault("E210", f"{quote(last)} is not an operator.{near} Operators: {', '.join(sorted(OPERATORS))}.")
    else:
        spot.fault("E209", f"{quote(name)} is not a field here.{hint(name, fields)} Name a declared field.")


def _check_codes(value: Any, declared: Field, spot: Spot, scene: Scene, states: Collection[str]) -> None:
    """Report a value of a choice that is no item of its dictionary."""
    if declared.type != "choice":
        return
    if declared.dictionary is None:
        codes: Collection[str] = states
    else:
        dictionary = scene.plugin.dictionaries.get(declared.dictionary)
        codes = dictionary.items if dictionary else ()
    for each in value if isinstance(value, tuple) else (value,):
        if codes and isinstance(each, str) and each and each not in codes:
            spot.fault(
                "E210", f"{quote(each)} is not a value of '{declared.name}'.{hint(each, codes)} Use a declared one."
            )


def check_item_condition(where: Where | None, dictionary: Dictionary, spot: Spot) -> None:
    """Report a choice of dictionary items that is more than `attribute: value`, or that no item satisfies."""
    if isinstance(where, tuple):
        spot.fault("E210", "Dictionary items are chosen by one mapping of `attribute: value`. Remove the list.")
        return
    known: dict[str, set[Any]] = {}
    for item in dictionary.items.values():
        for name, value in item.attributes.items():
            known.setdefault(name, set()).add(value)
    for name, value in (where or {}).items():
        at = spot / name
        if name not in known:
            near = hint(name, known)
            at.fault("E209", f"No item of '{dictionary.name}' has {quote(name)}.{near} Name an attribute of its items.")
        elif isinstance(value, (dict, tuple)) or value not in known[name]:
            near = hint(str(value), map(str, known[name]))
            at.fault("E210", f"No item of '{dictionary.name}' has this value of '{name}'.{near} Use one that occurs.")
