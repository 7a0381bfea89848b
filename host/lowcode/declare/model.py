"""What a plugin may declare: one frozen dataclass for each kind of YAML mapping.

The dataclasses are the grammar. `declare.load` builds them from YAML and refuses every key that
is not here; `lowcode reference` prints the YAML reference from the `doc` of each key.
"""

# ruff: noqa: RUF009 (`key` is `dataclasses.field` with a sentence)

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lowcode.declare.fields import COLOURS, Field, Scope, Where
from lowcode.declare.keys import key
from lowcode.declare.workflows import Workflow


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a declaration, for a person who has to mend it."""

    file: str
    line: int
    id: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}  {self.id}  {self.path}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A group of fields, shown together under one heading."""

    label: str = key("The heading.")
    fields: Mapping[str, Field] = key("The fields in the order they are shown.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Cards in columns, one column for each value of a choice; a card is moved by an action."""

    by: str = key("The choice field whose items are the columns.")
    sum: str | None = key("The money or number field added up over each column.", None)
    fields: tuple[str, ...] = key("What a card shows below its title.", ())
    action: str = key("The action or move that takes a card to another column; its parameter named as `by` says which.")
    others: Mapping[str, str] = key("Columns that another action leads to: `code: action`.", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """One named view over a form's records."""

    name: str = key("The name in menus and in `?list=`.", from_key=True)
    label: str | None = key("The heading; the form's label without it.", None)
    columns: tuple[str, ...] = key("The fields shown, in order.")
    filters: tuple[str, ...] = key("The fields offered as filters.", ())
    search: tuple[str, ...] = key(
        "The fields the search box looks into: texts, and references and users by what they are called.", ()
    )
    sort: tuple[str, ...] = key("The order, `-` for descending.", ("-created_at",))
    where: Where | None = key("Which records the list holds.", None)
    create: bool = key("Whether the list offers 新增.", True)
    actions: Mapping[str, str] = key(
        "The buttons of its rows, in order: `action: label`; without it those of the form.", {}
    )
    under: str | None = key("The list of this form that shows this one as a tab.", None)
    board: Board | None = key("Offers the list as a board of cards too.", None)
    calendar: str | None = key("The date or datetime field by which the list is offered as a calendar too.", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button on records that runs the plugin's `action_<name>` hook."""

    name: str = key("The name in the API.", from_key=True)
    label: str = key("The button.")
    when: Where | None = key("The records that show the button.", None)
    roles: tuple[str, ...] = key("Who may use it.")
    access: str = key("The access the user needs to the record.", "edit", one_of=("read", "edit", "delete"))
    params: Mapping[str, Field] = key("What the dialog asks for.", {})
    confirm: str | None = key("A question to answer before it runs.", None)
    preview: bool = key("The action answers `?preview=1` with a plan, and people see the plan first.", False)
    proposes: bool = key("The hook `propose_<action>` gives what the dialog starts with.", False)
    related: tuple[str, ...] = key("Forms whose records that point to this one the dialog lists.", ())
    conflict: str | None = key("The code of the 409 that answers when `when` does not hold; without it a 422.", None)
    conflict_when: Where | None = key("The records that answer `conflict`; without it all that `when` leaves.", None)
    seen: Where | None = key("Records that answer `conflict` also to people who may not read them any more.", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """A printable page of a record."""

    name: str = key("The template: `prints/<name>.html`.", from_key=True)
    label: str = key("What the page is called; its button is 打印 with this.")
    when: Where | None = key("The records that show the button.", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """How a record appears in the activity of the records it points to."""

    at: str = key("The date or datetime field that says when it happened.", "created_at")
    text: tuple[str, ...] = key("The fields that say what happened, in order.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one role may do with a form's records. What is not granted is refused."""

    role: str = key("A role of the manifest, or `admin`, the platform's administrators.", from_key=True)
    read: Scope | None = key(
        "The records it sees: own, department, all, `with <field>`, a condition, or a list of these.", None
    )
    create: bool = key("Whether it creates records.", False)
    edit: Scope | None = key("The records it changes.", None)
    delete: Scope | None = key("The records it deletes and restores.", None)
    export: bool = key("Whether it exports lists.", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One kind of record."""

    name: str = key("The name in the API and of the file.", yaml="form", role="name")
    label: str = key("What people call it.")
    title: str = key("The field that names one record in pickers and links.")
    number: str | None = key("The numbering rule; adds the field `number`.", None)
    number_label: str = key("The label of `number`.", "编号")
    workflow: str | None = key("The workflow; adds the field `status`.", None)
    owner: str | None = key("The user field that row scope reads.", None)
    save_label: str = key("The button that saves.", "提交")
    sections: tuple[Section, ...] = key("The fields, grouped as they are shown.")
    lists: Mapping[str, ListView] = key("The named views; the first is the default.")
    actions: Mapping[str, Action] = key("Buttons that run hooks.", {})
    prints: Mapping[str, Print] = key("Printable pages.", {})
    team: bool = key("Whether a record may be shared with colleagues, who then count as its owners do.", False)
    timeline: Timeline | None = key("Shows its records in the activity of what they point to.", None)
    alike: Mapping[str, str] = key(
        "Fields by which duplicates are recognised: `kind: field`; forms that name the same kind are compared.", {}
    )
    access: Mapping[str, Access] = key("Who may do what; nobody may what is not written here.", {})
    file: str = key("Where it was declared.", "", role="loader")

    @property
    def fields(self) -> Mapping[str, Field]:
        """All declared fields, by name, in the order they are shown."""
        return {name: f for section in self.sections for name, f in section.fields.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class DictionaryItem:
    """One value of a dictionary."""

    code: str = key("What records store.", from_key=True, role="code")
    label: str = key("What people see.")
    colour: str | None = key("The colour of the tag.", None, one_of=COLOURS)
    parent: str | None = key("The code of the item above, for a tree.", None)
    default: bool = key("Chosen for a new record.", False)
    attributes: Mapping[str, Any] = key("Any other key of the item; rules read it.", {}, role="rest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictionary:
    """A list of values that administrators keep."""

    name: str = key("The name fields refer to, and of the file.", yaml="dictionary", role="name")
    label: str = key("What people call it.")
    system: bool = key("Items drive rules: they can be re-labelled, not removed.", False)
    builtin: bool = key("Shown first in the editor, among the key dictionaries.", False)
    items: Mapping[str, DictionaryItem] = key("The first values; initialise adds what is missing.")
    file: str = key("Where it was declared.", "", role="loader")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """How serial numbers look."""

    name: str = key("The rule forms refer to.", from_key=True)
    label: str | None = key("What the numbering page shows.", None)
    pattern: str = key("Text with {yyyy} {yy} {mm} {dd} and one {seq:04}.")
    reset: str = key("When counting starts again.", "day", one_of=("never", "year", "month", "day"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A page of figures made by the plugin's `panel_<name>` hook and shown by `panels/<name>.html`."""

    name: str = key("The name in menus and in the API.", from_key=True)
    label: str = key("The heading.")
    roles: tuple[str, ...] = key("Who sees it.")
    params: Mapping[str, Field] = key("What the page lets people choose; starts with the setting of the same name.", {})
    saves: bool = key("Offers administrators to save what was chosen as the settings of the same names.", False)
    print: str | None = key("Offers a printable page of the same data: the template `prints/<print>.html`.", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """A line of the side menu; it shows when what it opens is allowed."""

    label: str = key("What people see.")
    list: str | None = key("`form/list`.", None)
    panel: str | None = key("A panel.", None)
    icon: str | None = key("An icon of the host.", None)
    group: str | None = key(
        "The heading above it and its neighbours with the same; without one the plugin's label.", None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work the host does by the clock through the plugin's `job_<name>` hook."""

    name: str = key("The name of the hook.", from_key=True)
    label: str = key("What the jobs page shows.")
    every: str = key("How often.", "day", one_of=("minute", "hour", "day"))
    at: str | None = key("The time of day of a daily job, in the business time zone.", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address to which another system pushes signed messages for the plugin's `receive_<name>` hook."""

    name: str = key("The last part of the address and the name of the hook.", from_key=True)
    label: str = key("What the page of calls shows.")
    secret: str = key("The setting that holds the secret with which messages are signed.")
    params: Mapping[str, Field] = key("What a message holds.")
    about: str = key("The parameter that says what a message is about; sequences count for each of its values.")
    sequence: str = key("The parameter that orders the messages about one thing: a whole number that grows.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Questions to another system: `request_<name>` makes a call of a due record, `answer_<name>` gets the answer."""

    name: str = key("The name of the hooks.", from_key=True)
    label: str = key("What the page of calls shows.")
    form: str = key("The form whose records are asked about.")
    when: Where = key("Which records are due; the answer has to take them out of it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """All that one plugin declares."""

    name: str = key("The short name; the first part of API paths and tables.", yaml="plugin", role="name")
    label: str = key("What the store shows.")
    summary: str = key("One or two sentences for the store.", "")
    version: str = key("The release.")
    host_api: str = key("The range of host versions it works with, such as `>=1.0,<2`.")
    roles: Mapping[str, str] = key("Role names and their labels.", {})
    numbering: Mapping[str, Numbering] = key("Rules for serial numbers.", {})
    panels: Mapping[str, Panel] = key("Pages of figures.", {})
    menu: tuple[MenuEntry, ...] = key("The side menu, in order.", ())
    settings: Mapping[str, Field] = key("What administrators may set.", {})
    jobs: Mapping[str, Job] = key("Work by the clock.", {})
    endpoints: Mapping[str, Endpoint] = key("Where other systems push messages to.", {})
    connections: Mapping[str, Connection] = key("What is asked of other systems.", {})
    notifications: Mapping[str, str] = key("Kinds of messages its rules send, and their labels.", {})
    root: Path = key("The folder of the declarations.", Path(), role="loader")
    forms: Mapping[str, Form] = key("From forms/*.yaml.", {}, role="loader")
    dictionaries: Mapping[str, Dictionary] = key("From dictionaries/*.yaml.", {}, role="loader")
    workflows: Mapping[str, Workflow] = key("From workflows/*.yaml.", {}, role="loader")

    def all_fields(self) -> Iterator[tuple[Form, Field]]:
        """Every field of every form, line columns included."""
        for form in self.forms.values():
            for declared in form.fields.values():
                yield form, declared
                for column in declared.fields.values():
                    yield form, column
