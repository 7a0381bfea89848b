"""Write the YAML reference from the model, so that it cannot say anything else."""

import dataclasses
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin

from lowcode.conditions import OPERATORS
from lowcode.declare.build import Key, keys_of, name_of
from lowcode.declare.fields import Field, Rollup, Scope, Where
from lowcode.declare.model import (
    Access,
    Action,
    Connection,
    Dictionary,
    DictionaryItem,
    Endpoint,
    Form,
    Job,
    ListView,
    MenuEntry,
    Numbering,
    Panel,
    Plugin,
    Print,
    Section,
)
from lowcode.declare.names import CODE, NAME
from lowcode.declare.problems import PROBLEMS
from lowcode.declare.reader import MAX_BYTES, MAX_DEPTH
from lowcode.declare.workflows import Approval, Move, State, Step, Workflow
from lowcode.fieldtypes import COMMON_KEYS, FIELD_TYPES

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FILES: tuple[tuple[str, "tuple[type[DataclassInstance], ...]"], ...] = (
    ("manifest.yaml", (Plugin, Numbering, Panel, MenuEntry, Job, Endpoint, Connection)),
    ("forms/*.yaml", (Form, Section, Field, Rollup, ListView, Action, Print, Access)),
    ("dictionaries/*.yaml", (Dictionary, DictionaryItem)),
    ("workflows/*.yaml", (Workflow, State, Move, Approval, Step)),
)

INTRODUCTION = f"""# YAML reference

This page is written by `lowcode reference` from the declaration model. Do not edit it.

Declarations are UTF-8 files of one YAML mapping each, at most {MAX_BYTES // 1024} kB and {MAX_DEPTH} levels deep.
Anchors, aliases, tags, directives and repeated keys are refused. Only `true`, `false`, `null` and decimal numbers are
more than text: `no`, `on`, `1:30`, `010` and `2026-01-01` are texts. A text that looks like a number or a truth
value is put in quotes. Names match `{NAME.pattern}`, the codes of dictionary items `{CODE.pattern}`. A file is called
like what it declares. Where a list of texts is expected, one text alone is a list of one.

`lowcode check` prints every fault as `file:line  id  path: message`; the ids are at the end of this page.
"""

CONDITIONS = f"""## Conditions

`where`, `when` and row scopes are mappings of `field__operator: value`; without an operator it is `eq`. The keys of
one mapping must all hold; of a list of mappings any may. A column of line items is written `lines__column`.

Operators: {", ".join(f"`{name}`" for name in sorted(OPERATORS))}. `in` takes a list, `between` a list of two,
`isnull` true or false. The values `$me`, `$my_department`, `$today`, `$now` and `$today+3` are worked out at run time.
Beside the declared fields a condition may name `id`, `created_at`, `created_by`, `updated_at`, `updated_by`,
`number` with a numbering rule, `status` with a workflow, and `owner_department` with an owner.
"""


SPECIAL = {
    Where | None: "a [condition](#conditions)",
    Scope | None: "`own`, `department`, `all`, a [condition](#conditions), or a list of these",
}


def reference() -> str:
    """Return the whole reference as Markdown."""
    return "\n".join(_parts()).rstrip() + "\n"


def _parts() -> Iterator[str]:
    yield INTRODUCTION
    for file, classes in FILES:
        yield f"## {file}\n"
        for cls in classes:
            yield from _mapping(cls)
    yield from _types()
    yield CONDITIONS
    yield "## Faults\n\n| id | what is wrong |\n|---|---|"
    yield from (f"| {id} | {sentence} |" for id, sentence in PROBLEMS.items())


def _mapping(cls: "type[DataclassInstance]") -> Iterator[str]:
    """Describe one kind of mapping."""
    doc = " ".join((cls.__doc__ or "").split())
    yield f"### {title_of(cls)}\n\n{doc}\n\n| key | value | default | meaning |\n|---|---|---|---|"
    for key in keys_of(cls):
        if key.role != "loader":
            yield f"| {_word(key)} | {_cell(_value(key))} | {_default(key)} | {_cell(key.field.metadata['doc'])} |"
    yield ""


def title_of(cls: "type[DataclassInstance]") -> str:
    """Return the heading of a kind of mapping, such as `List view`."""
    name = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in cls.__name__).strip()
    return name[0].upper() + name[1:]


def _word(key: Key) -> str:
    if key.role == "rest":
        return "*any other*"
    return f"*the key, `{key.word}`*" if key.field.metadata["from_key"] else f"`{key.word}`"


def _value(key: Key) -> str:
    if key.field.metadata["one_of"]:
        return " or ".join(f"`{word}`" for word in key.field.metadata["one_of"])
    if key.role == "rest":
        return "a text, a number, true or false"
    if key.role == "pairs":
        return "a mapping of names to names, or a list of names"
    return _kind(key.hint)


def _kind(hint: Any) -> str:
    """Return what people call a type, with links to the mappings it holds."""
    if hint in SPECIAL:
        return SPECIAL[hint]
    inner = [member for member in get_args(hint) if member not in (NoneType, Ellipsis)]
    held = inner[-1] if inner else hint
    if not (isinstance(held, type) and dataclasses.is_dataclass(held)):
        named = get_origin(hint) is Mapping
        return f"a mapping of names to {name_of(held, several=True)}" if named else name_of(hint)
    if get_origin(hint) is Mapping:
        return f"a mapping of names to {_link(held)}"
    return f"a list of {_link(held)}" if get_origin(hint) is tuple else _link(held)


def _link(cls: "type[DataclassInstance]") -> str:
    title = title_of(cls)
    return f"[{title.lower()}](#{title.lower().replace(' ', '-')})"


def _default(key: Key) -> str:
    if key.field.metadata["from_key"] or key.role == "rest":
        return ""
    if key.required:
        return "**required**"
    empty = key.empty()
    if empty in (None, (), {}, ""):
        return ""
    if isinstance(empty, bool):
        return "true" if empty else "false"
    return f"`{', '.join(empty) if isinstance(empty, tuple) else empty}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _types() -> Iterator[str]:
    """Describe the field types."""
    common = ", ".join(f"`{name}`" for name in sorted(COMMON_KEYS))
    yield f"## Field types\n\nEvery field may have {common}.\n"
    yield "| type | meaning | further keys | operators |\n|---|---|---|---|"
    for name, kind in FIELD_TYPES.items():
        meaning = " ".join((kind.__doc__ or "").split())
        keys = ", ".join(f"`{word}`" for word in sorted(kind.keys))
        operators = ", ".join(sorted(kind.operators))
        yield f"| `{name}` | {_cell(meaning)} | {keys} | {operators} |"
    yield ""
