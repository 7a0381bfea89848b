"""Check dictionaries."""

import difflib

from lowcode.declare.build import written
from lowcode.declare.model import Dictionary, DictionaryItem
from lowcode.declare.problems import Spot, hint, quote


def check_dictionary(dictionary: Dictionary, spot: Spot) -> None:
    """Report parents, defaults and attributes that make no sense."""
    at = spot / "items"
    defaults = [item.code for item in dictionary.items.values() if item.default]
    for code in defaults[1:]:
        message = f"{quote(code)} is a second default; the first is {quote(defaults[0])}. Keep one."
        (at / code / "default").fault("E303", message)
    looping = _looping(dictionary)
    for item in dictionary.items.values():
        place = at / item.code
        if item.parent is not None and item.parent not in dictionary.items:
            near = hint(item.parent, dictionary.items)
            (place / "parent").fault(
                "E301", f"{quote(item.parent)} is not an item here.{near} Name the code of an item."
            )
        elif item.code in looping:
            (place / "parent").fault("E302", f"{quote(item.code)} is its own ancestor. Break the circle.")
        _check_attributes(item, place)


def _looping(dictionary: Dictionary) -> set[str]:
    """Return the items on a circle of parents."""
    looping: set[str] = set()
    done: set[str] = set()
    for start in dictionary.items:
        trail: dict[str, None] = {}
        code: str | None = start
        while code is not None and code in dictionary.items and code not in done and code not in trail:
            trail[code] = None
            code = dictionary.items[code].parent
        if code in trail:
            steps = list(trail)
            looping.update(steps[steps.index(str(code)) :])
        done.update(trail)
    return looping


def _check_attributes(item: DictionaryItem, spot: Spot) -> None:
    words = [*written(DictionaryItem), "color"]
    for name in item.attributes:
        close = difflib.get_close_matches(name, words, n=1, cutoff=0.85) if len(name) < 20 else []
        if close:
            meant = "colour" if close[0] == "color" else close[0]
            (spot / name).fault("E304", f"{quote(name)} looks misspelt. Did you mean '{meant}'? Else rename it.")
