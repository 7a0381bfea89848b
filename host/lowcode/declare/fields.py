"""What a plugin may declare of fields: of forms, of line items, of dialogs and of the settings page."""

# ruff: noqa: RUF009 (`key` is `dataclasses.field` with a sentence)

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lowcode.declare.keys import key

Where = Mapping[str, Any] | tuple[Mapping[str, Any], ...]
"""`field__operator: value` keys of one mapping are AND-ed; a list of mappings is OR-ed. See `conditions`."""

Scope = str | Mapping[str, Any] | tuple[str | Mapping[str, Any], ...]
"""`own`, `department`, `all`, `with <reference>` (as the record it points to), a condition, or a list (any of them)."""


COLOURS = tuple("blue azure indigo purple pink red orange yellow lime green teal cyan grey".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """A stored figure that the host keeps equal to a sum or count over records that point here."""

    form: str = key("The form whose records are added up.")
    by: str = key("The reference field of that form that points here.")
    sum: str | None = key("The field to add up; without it the records are counted.", None)
    where: Where | None = key("Which of them count.", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form, of a line item, of an action's dialog or of the settings page."""

    name: str = key("The name in the API and in rules.", from_key=True)
    label: str = key("What people see, in the plugin's source language.")
    type: str = key("One of the field types.")
    help: str | None = key("A short hint under the control.", None)
    required: bool = key("An empty value is refused.", False)
    default: Any = key("The value of a new record: a constant, `me`, `now`, `today` or `today+30`.", None)
    unique: bool = key("No two live records have the same value.", False)
    readonly: bool = key("Only rules write it; people and the API may not.", False)
    hidden: bool = key("A column that pages send along without showing it; rules and the API read and write it.", False)
    create_only: bool = key("Set when the record is created, never by an edit.", False)
    computed: bool = key("Filled by the form's `compute` hook only.", False)
    derived: bool = key("Not stored: filled by the form's `derive` hook whenever records are shown.", False)
    rollup: Rollup | None = key("Filled by the host from other records.", None)
    difference: tuple[str, ...] = key("Filled by the host: the first of two fields of this record less the second.", ())
    visible_to: tuple[str, ...] = key("Roles that may see the field; everybody without it.", ())
    masked_without: str | None = key(
        "Who may not do this with the record sees only the ends of the text, as in 138****1234.",
        None,
        one_of=("edit", "delete"),
    )
    min: Decimal | None = key("Smallest value, or fewest lines or files.", None)
    max: Decimal | None = key("Largest value, longest text in characters, or most lines or files.", None)
    more_than: Decimal | None = key("The value is greater than this.", None)
    digits: int | None = key("Decimal places of a number.", None)
    unit: str | None = key("Shown behind a number, such as %.", None)
    dictionary: str | None = key("The dictionary a choice takes its values from.", None)
    leaf: bool = key("In a dictionary with parents only items without children may be chosen.", False)
    suggest: str | None = key("A dictionary whose `value` attributes are offered for a number that may differ.", None)
    form: str | None = key("The form a reference points to.", None)
    where: Where | None = key("Which records may be chosen; of a dictionary, the items with these attributes.", None)
    fill: Mapping[str, str] = key("Fields of this record to fill from the chosen one: `mine: theirs`.", {})
    same: Mapping[str, str] = key(
        "The chosen record agrees with this one: `[owner]` or `{their_field: my_field}`; `id` is this record.",
        {},
        role="pairs",
    )
    pattern: str | None = key("A regular expression the whole text matches.", None)
    sets: str | None = key(
        "In a move's dialog: the field that takes the value; that of the same name without it.", None
    )
    fields: Mapping[str, "Field"] = key("The columns of line items.", {})

    @property
    def filled_by_host(self) -> bool:
        """Whether a value from people or the API is refused."""
        return self.computed or self.derived or self.readonly or self.rollup is not None or bool(self.difference)
