"""Read the small, safe part of YAML that declarations are written in, with the line of every value.

Works on the parser's events, so nothing is built, resolved or recursed into before it is checked.
Plain scalars follow YAML 1.2: `no`, `on`, `1:30`, `010` and `2026-01-01` are texts.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal

import yaml

from lowcode.declare.problems import Spot, quote

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_VALUES = 10_000
MAX_DIGITS = 30

_TOO_DEEP = f"Values are nested more than {MAX_DEPTH} deep. Make the structure flatter."

Scalar = str | int | Decimal | bool | None

_INT = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
# Control characters, the line breaks only some programs see, and marks that make text look other than it is.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


@dataclass(slots=True)
class Node:
    """One value and the line it, or its key, stands on."""

    value: "Scalar | dict[str, Node] | list[Node]"
    line: int


@dataclass(slots=True)
class _Frame:
    """A mapping or list whose end has not been seen; a mapping holds the key that waits for its value."""

    node: Node
    spot: Spot
    key: str | None = None
    key_line: int = 0


class _StopReading(Exception):
    """The rest of the file cannot be judged."""


def read(data: bytes, spot: Spot) -> Node | None:
    """Return the one mapping of a file, or None; faults go to the spot's report."""
    text = _decode(data, spot)
    if text is None:
        return None
    reader = _Reader(spot)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            reader.take(event)
    except _StopReading:
        return None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        reason = getattr(error, "problem", None) or "it cannot be scanned"
        if "nesting depth" in reason:  # the scanner runs ahead of the events and, from PyYAML 6.0.4 on, has a limit
            _fault(spot, "E109", line, _TOO_DEEP)
        else:
            advice = "Check the indentation and the quotes here."
            _fault(spot, "E105", line, f"This is not well-formed YAML: {reason}. {advice}")
        return None
    return reader.result()


def _fault(spot: Spot, id: str, line: int, message: str) -> None:
    spot.report.add(spot.file, id, spot.path, message, line)


def _decode(data: bytes, spot: Spot) -> str | None:
    """Return the text, or None when it is too long, not UTF-8 or holds control characters."""
    if len(data) > MAX_BYTES:
        _fault(spot, "E102", 1, "The file is larger than 256 kB. Split it, or move data out of the declarations.")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _fault(spot, "E103", line, "The file is not UTF-8. Save it as UTF-8.")
        return None
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        _fault(spot, "E104", line, f"The character U+{ord(found[0]):04X} may not stand in a declaration. Remove it.")
        return None
    return text


@dataclass(slots=True)
class _Reader:
    """Builds nodes from events."""

    spot: Spot
    root: Node | None = None
    frames: list[_Frame] = field(default_factory=list)
    documents: int = 0
    values: int = 0

    def take(self, event: yaml.Event) -> None:
        """Take the parser's next event."""
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._document(event, line)
        elif isinstance(event, yaml.AliasEvent):
            self._stop("E107", line, f"The alias *{event.anchor} is not allowed. Write the value out.")
        elif isinstance(event, yaml.NodeEvent):
            self._node(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.frames.pop()

    def result(self) -> Node | None:
        """Return the root, which must be a mapping."""
        if self.root is not None and isinstance(self.root.value, dict):
            return self.root
        line = self.root.line if self.root else 1
        _fault(self.spot, "E114", line, "The file holds no mapping. Start it with a key such as 'label: …'.")
        return None

    def _here(self) -> Spot:
        """Return the place the next value goes to."""
        if not self.frames:
            return self.spot
        frame = self.frames[-1]
        if isinstance(frame.node.value, list):
            return frame.spot[len(frame.node.value)]
        return frame.spot / frame.key if frame.key is not None else frame.spot

    def _stop(self, id: str, line: int, message: str) -> None:
        _fault(self._here(), id, line, message)
        raise _StopReading

    def _document(self, event: yaml.DocumentStartEvent, line: int) -> None:
        self.documents += 1
        if self.documents > 1:
            self._stop("E106", line, "A second document starts here. Keep one document in a file.")
        if event.version or event.tags:
            self._stop("E108", line, "Directives are not allowed. Remove the line that starts with '%'.")

    def _node(self, event: yaml.NodeEvent, line: int) -> None:
        """Check what all values have in common, then keep the value."""
        self.values += 1
        if self.values > MAX_VALUES:
            self._stop("E113", line, f"The file holds more than {MAX_VALUES} values. Split it.")
        if event.anchor is not None:
            self._stop(
                "E107", line, f"The anchor &{event.anchor} is not allowed. Write the value out where it is used."
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._stop("E108", line, f"The tag {quote(tag)} is not allowed. Write the plain value.")
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        else:
            self._collection(event, line)

    def _collection(self, event: yaml.NodeEvent, line: int) -> None:
        if len(self.frames) >= MAX_DEPTH:
            self._stop("E109", line, _TOO_DEEP)
        if self._wants_key():
            self._stop("E111", line, "A mapping or list cannot be a key. Use a text as the key.")
        node = Node({} if isinstance(event, yaml.MappingStartEvent) else [], line)
        self.frames.append(_Frame(node, self._keep(node)))

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        if _CONTROL.search(event.value):
            _fault(self._here(), "E104", line, "The text holds an escaped control character. Remove it.")
        value = self._resolve(event, line)
        if not self._wants_key():
            self._keep(Node(value, line))
            return
        frame = self.frames[-1]
        if not isinstance(value, str):
            message = f"The key {event.value or 'null'} is not a text. Put it in quotes."
            _fault(frame.spot, "E111", line, message)
        elif value == "<<" and event.implicit[0]:
            self._stop("E107", line, "The merge key << is not allowed. Write the keys out.")
        frame.key, frame.key_line = event.value, line

    def _wants_key(self) -> bool:
        return bool(self.frames) and isinstance(self.frames[-1].node.value, dict) and self.frames[-1].key is None

    def _keep(self, node: Node) -> Spot:
        """Put a value where it belongs and remember its line; a key's line counts for its value."""
        here = self._here()
        if not self.frames:
            self.root = node
        else:
            frame = self.frames[-1]
            held = frame.node.value
            if isinstance(held, list):
                held.append(node)
            elif isinstance(held, dict) and frame.key is not None:
                node.line = frame.key_line
                self._keep_pair(held, frame.key, node, here)
                frame.key = None
        self.spot.report.lines.setdefault(self.spot.file, {}).setdefault(here.path, node.line)
        return here

    def _keep_pair(self, held: dict[str, Node], key: str, node: Node, here: Spot) -> None:
        if key in held:
            message = f"The key {quote(key)} stands twice; it was first written in line {held[key].line}. Keep one."
            _fault(here, "E110", node.line, message)
        else:
            held[key] = node

    def _resolve(self, event: yaml.ScalarEvent, line: int) -> Scalar:
        """Return what a scalar means; quoted and block scalars are texts."""
        text = event.value
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _NOT_FINITE.fullmatch(text):
            _fault(self._here(), "E112", line, f"{text} is not a number that can be used. Write a finite number.")
            return text
        if not (_INT.fullmatch(text) or _FLOAT.fullmatch(text)):
            return text
        if len(text) > MAX_DIGITS:
            message = (
                f"The number has more than {MAX_DIGITS} digits. Shorten it, or put it in quotes to make it a text."
            )
            _fault(self._here(), "E112", line, message)
            return text
        return int(text) if _INT.fullmatch(text) else Decimal(text)
