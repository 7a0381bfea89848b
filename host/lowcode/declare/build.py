"""Build the dataclasses of the model from YAML nodes: the type hints are the grammar.

A fault never ends the work: a value that cannot be used is replaced by an empty one of its type, so that
everything else is still judged. Checks skip empty values, they were reported here.
"""

import dataclasses
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from lowcode.declare.names import check_name
from lowcode.declare.problems import Spot, hint, quote
from lowcode.declare.reader import Node

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping: the attribute it fills and what the model says about it."""

    attribute: str
    word: str
    hint: Any
    field: "dataclasses.Field[Any]"

    @property
    def role(self) -> str:
        """The part the key plays, see `model.key`."""
        return str(self.field.metadata["role"])

    @property
    def required(self) -> bool:
        """Whether the mapping must have the key."""
        return self.field.default is dataclasses.MISSING and self.field.default_factory is dataclasses.MISSING

    def empty(self) -> Any:
        """Return the value that stands in when the key is missing or unusable."""
        if self.field.default_factory is not dataclasses.MISSING:
            return self.field.default_factory()
        if self.field.default is not dataclasses.MISSING:
            return self.field.default
        return {Mapping: dict, tuple: tuple}.get(get_origin(self.hint), str)()


@cache
def keys_of(cls: "type[DataclassInstance]") -> tuple[Key, ...]:
    """Return the keys of a dataclass of the model, in order."""
    hints = get_type_hints(cls)
    return tuple(
        Key(f.name, f.metadata["yaml"] or f.name, hints[f.name], f) for f in dataclasses.fields(cls) if f.metadata
    )


def written(cls: "type[DataclassInstance]") -> dict[str, Key]:
    """Return the keys that may be written in a file, by their word."""
    return {
        key.word: key
        for key in keys_of(cls)
        if key.role not in ("rest", "loader") and not key.field.metadata["from_key"]
    }


def build(cls: type[T], node: Node, spot: Spot, name: str = "", **given: Any) -> T:
    """Return the dataclass a mapping stands for, and report whatever does not fit."""
    entries = _mapping(node, spot)
    words = written(cls)
    values: dict[str, Any] = dict(given)
    rest: dict[str, Node] = {}
    for word, value in entries.items():
        if word in words:
            values[words[word].attribute] = _value_of(words[word], value, spot / word)
        else:
            rest[word] = value
    for key in keys_of(cls):
        if key.field.metadata["from_key"]:
            values[key.attribute] = name
            check_name(name, spot, code=key.role == "code")
        elif key.role == "rest":
            values[key.attribute] = {word: _scalar(value, spot / word) for word, value in rest.items()}
            rest = {}
        elif key.attribute not in values:
            values[key.attribute] = key.empty()
            if key.required and entries is not _NOTHING:
                (spot / key.word).fault("E116", f"The key '{key.word}' is missing. Add it: {key.field.metadata['doc']}")
    for word in rest:
        (spot / word).fault("E115", f"The key {quote(word)} is not known here.{_known(word, words)}")
    return cls(**values)


_NOTHING: dict[str, Node] = {}


def _known(word: str, words: Mapping[str, Key]) -> str:
    return hint(word, words) or f" Known keys: {', '.join(words)}."


def _mapping(node: Node, spot: Spot) -> dict[str, Node]:
    if isinstance(node.value, dict):
        return node.value
    spot.fault("E117", f"A mapping of keys and values must stand here, not {describe(node)}.")
    return _NOTHING


def _value_of(key: Key, node: Node, spot: Spot) -> Any:
    """Return the value of one key, or its empty value after a fault."""
    if key.role == "pairs" and not isinstance(node.value, dict):
        names = _convert(tuple[str, ...], node, spot)
        return key.empty() if names is _UNUSABLE else {name: name for name in names}
    value = _convert(key.hint, node, spot)
    if value is _UNUSABLE:
        return key.empty()
    one_of = key.field.metadata["one_of"]
    if one_of and value not in one_of:
        spot.fault("E118", f"{quote(value)} is not one of: {', '.join(one_of)}.{hint(value, one_of)}")
        return key.empty() if not key.required else value
    if key.required and value in ("", (), {}):
        spot.fault("E119", f"'{key.word}' is empty. Fill it in: {key.field.metadata['doc']}")
    elif key.role == "name":
        check_name(value, spot)
    return value


_UNUSABLE: Any = object()


def _convert(kind: Any, node: Node, spot: Spot) -> Any:
    """Return a node as the type the hint names, or `_UNUSABLE` after a fault."""
    if kind is Any:
        return plain(node)
    members = [kind] if get_origin(kind) not in (Union, UnionType) else list(get_args(kind))
    if node.value is None and NoneType in members:
        return None
    for member in members:
        convert = _converter(member, node)
        if convert is not None:
            return convert(member, node, spot)
    wanted = name_of(kind)
    spot.fault(
        "E117", f"{wanted[0].upper()}{wanted[1:]} must stand here, not {describe(node)}.{_remedy(members, node)}"
    )
    return _UNUSABLE


def _converter(member: Any, node: Node) -> Callable[[Any, Node, Spot], Any] | None:
    """Return the function that makes a `member` of a node of this kind, or None when it does not fit."""
    value = node.value
    origin = get_origin(member)
    if isinstance(value, dict):
        if dataclasses.is_dataclass(member):
            return lambda cls, mapping, spot: build(cls, mapping, spot)
        return _convert_mapping if origin is Mapping else None
    if origin is tuple:
        return _convert_tuple if isinstance(value, list) or (isinstance(value, str) and _holds_text(member)) else None
    if member is Decimal and isinstance(value, int) and not isinstance(value, bool):
        return lambda _, __, ___: Decimal(value)
    return (lambda _, scalar, __: scalar.value) if type(value) is member else None


def _holds_text(kind: Any) -> bool:
    return get_args(kind)[0] is str


def _convert_mapping(kind: Any, node: Node, spot: Spot) -> dict[str, Any]:
    """Return a mapping; the key names what stands in it."""
    inner = get_args(kind)[1]
    converted: dict[str, Any] = {}
    for name, value in _mapping(node, spot).items():
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            converted[name] = build(inner, value, spot / name, name)
        else:
            made = _convert(inner, value, spot / name)
            if made is not _UNUSABLE:
                converted[name] = made
    return converted


def _convert_tuple(kind: Any, node: Node, spot: Spot) -> tuple[Any, ...]:
    """Return a list; one text alone is a list of one."""
    inner = get_args(kind)[0]
    if not isinstance(node.value, list):
        return (node.value,)
    made = [_convert(inner, item, spot[index]) for index, item in enumerate(node.value)]
    return tuple(item for item in made if item is not _UNUSABLE)


def _scalar(node: Node, spot: Spot) -> Any:
    """Return an attribute: text, number or truth value."""
    if isinstance(node.value, (dict, list)) or node.value is None:
        message = f"A text, a number, true or false must stand here, not {describe(node)}. Write one value."
        spot.fault("E117", message)
        return ""
    return node.value


def plain(node: Node) -> Any:
    """Return a node as dicts, tuples and scalars."""
    if isinstance(node.value, dict):
        return {name: plain(value) for name, value in node.value.items()}
    if isinstance(node.value, list):
        return tuple(plain(item) for item in node.value)
    return node.value


NAMES: Mapping[Any, tuple[str, str]] = {
    str: ("a text", "texts"),
    bool: ("true or false", "truth values"),
    int: ("a whole number", "whole numbers"),
    Decimal: ("a number", "numbers"),
    Any: ("any value", "values"),
}
"""What people call one and several values of a type."""


def name_of(kind: Any, several: bool = False) -> str:
    """Return what people call a type of the model."""
    if dataclasses.is_dataclass(kind) or get_origin(kind) is Mapping:
        return "mappings of keys and values" if several else "a mapping of keys and values"
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(
            dict.fromkeys(name_of(member, several) for member in get_args(kind) if member is not NoneType)
        )
    if get_origin(kind) is tuple:
        return f"a list of {name_of(get_args(kind)[0], several=True)}"
    return NAMES[kind][several]


def describe(node: Node) -> str:
    """Return what a node is, for a message."""
    value = node.value
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"the text {quote(value)}" if isinstance(value, str) else f"the number {value}"


def _remedy(members: list[Any], node: Node) -> str:
    if str in members and isinstance(node.value, (bool, int, Decimal)):
        return " Put it in quotes."
    if node.value is None:
        return " Write a value, or leave the key out."
    if bool in members and isinstance(node.value, str):
        return " Write true or false."
    return " Correct the value."
