"""Check one field by itself: its type, keys, bounds, default and pattern."""

import re
import warnings

from lowcode.declare.build import written
from lowcode.declare.fields import Field
from lowcode.declare.problems import Spot, hint, quote, shorten
from lowcode.declare.scene import Scene, is_known_type
from lowcode.fieldtypes import COMMON_KEYS, FIELD_TYPES, ValueFault

NEEDED = {"ref": "form", "choice": "dictionary", "lines": "fields"}
NUMBERS = ("integer", "number", "money")
MOST_DIGITS = 6
LONGEST_TEXT = 100_000
LONGEST_PATTERN = 500

MOMENTS = {
    "date": re.compile(r"today([+-][0-9]{1,5})?"),
    "datetime": re.compile(r"now"),
    "user": re.compile(r"me"),
}
"""The words a default may be, beside constants."""


def check_field(declared: Field, spot: Spot, scene: Scene) -> bool:
    """Report what the field alone tells; return whether its type is known."""
    scene.roles(declared.visible_to, spot / "visible_to")
    if not is_known_type(declared):
        if declared.type:
            near = hint(declared.type, FIELD_TYPES)
            message = f"{quote(declared.type)} is not a field type.{near} Types: {', '.join(FIELD_TYPES)}."
            (spot / "type").fault("E201", message)
        return False
    if declared.type == "secret" and not any(declared is each for each in scene.plugin.settings.values()):
        (spot / "type").fault("E237", "Only a setting can be a secret: it is never shown again. Choose another type.")
    _check_keys(declared, spot)
    _check_combinations(declared, spot)
    _check_bounds(declared, spot)
    if declared.pattern is not None:
        _check_pattern(declared.pattern, spot / "pattern")
    if declared.default is not None:
        _check_default(declared, spot / "default", scene)
    return True


def _check_keys(declared: Field, spot: Spot) -> None:
    allowed = COMMON_KEYS | FIELD_TYPES[declared.type].keys
    for word, key in written(Field).items():
        if word not in allowed and getattr(declared, key.attribute) != key.empty():
            (spot / word).fault("E202", f"'{word}' does not belong to the type '{declared.type}'. Remove it.")
    needed = NEEDED.get(declared.type)
    if needed and not getattr(declared, needed):
        spot.fault("E204", f"A field of type '{declared.type}' needs the key '{needed}'. Add it.")


def _check_combinations(declared: Field, spot: Spot) -> None:
    """Report keys that contradict each other."""
    kinds = {word: getattr(declared, word) for word in ("computed", "derived", "rollup", "difference")}
    automatic = next((word for word, is_so in kinds.items() if is_so), None)
    pairs = [
        (automatic, "required", declared.required),
        (automatic, "readonly", declared.readonly),
        (automatic, "create_only", declared.create_only),
        (automatic, "default", declared.default is not None),
        ("readonly" if declared.readonly else None, "create_only", declared.create_only),
        ("readonly" if declared.readonly and declared.default is None else None, "required", declared.required),
        ("computed" if declared.computed else None, "rollup", declared.rollup is not None),
        (automatic, "fill", bool(declared.fill)),
        ("derived" if declared.derived else None, "computed", declared.computed),
        ("derived" if declared.derived else None, "rollup", declared.rollup is not None),
        (automatic if automatic != "difference" else None, "difference", bool(declared.difference)),
        ("derived" if declared.derived else None, "unique", declared.unique),
        ("derived" if declared.derived else None, "masked_without", declared.masked_without is not None),
    ]
    for first, second, present in pairs:
        if first and present:
            (spot / second).fault(
                "E213", f"'{second}' contradicts '{first}': the host fills the field. Keep one of them."
            )


def _check_bounds(declared: Field, spot: Spot) -> None:
    if declared.digits is not None and not 0 <= declared.digits <= MOST_DIGITS:
        (spot / "digits").fault("E215", f"'digits' must be from 0 to {MOST_DIGITS}. Choose fewer.")
    if declared.type not in NUMBERS:
        _check_counts(declared, spot)
    low, high = declared.min, declared.max
    if low is not None and high is not None and low > high:
        (spot / "min").fault("E215", f"'min' {low} is greater than 'max' {high}. Exchange or correct them.")
    if declared.more_than is not None and high is not None and declared.more_than >= high:
        (spot / "more_than").fault(
            "E215", f"No value is more than {declared.more_than} and at most {high}. Correct one."
        )


def _check_counts(declared: Field, spot: Spot) -> None:
    """Report bounds that do not count characters, lines or files."""
    for word, value, least in (("min", declared.min, 0), ("max", declared.max, 1)):
        if value is not None and (value != value.to_integral_value() or not least <= value <= LONGEST_TEXT):
            (spot / word).fault("E215", f"'{word}' must be a whole number from {least} to {LONGEST_TEXT}. Correct it.")


def _check_pattern(pattern: str, spot: Spot) -> None:
    if len(pattern) > LONGEST_PATTERN:
        spot.fault("E217", f"The pattern is longer than {LONGEST_PATTERN} characters. Shorten it.")
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        spot.fault("E217", f"The pattern is not a usable regular expression: {error}. Correct it.")
        return
    if re.search(r"[+*}]\)[+*{]", pattern):
        message = "A repetition directly inside a repeated group can take for ever on a long text. Rewrite the pattern."
        spot.fault("E217", message)


def _check_default(declared: Field, spot: Spot, scene: Scene) -> None:
    """Report a default the type, its bounds or its dictionary do not take."""
    default = declared.default
    word = MOMENTS.get(declared.type)
    if isinstance(default, str) and word and word.fullmatch(default):
        return
    if declared.type in ("ref", "user", "department"):
        known = "`me`" if declared.type == "user" else "no default"
        spot.fault("E216", f"{quote(str(default))} is no default: a '{declared.type}' field takes {known}. Correct it.")
        return
    if "default" not in FIELD_TYPES[declared.type].keys:
        return
    try:
        FIELD_TYPES[declared.type].parse(declared, default)
    except (ValueFault, re.error):
        shown = shorten(str(default))
        spot.fault("E216", f"{shown} does not suit the type '{declared.type}' and its bounds. Correct the default.")
        return
    if declared.type == "choice":
        dictionary = scene.plugin.dictionaries.get(declared.dictionary or "")
        if dictionary and default not in dictionary.items:
            near = hint(str(default), dictionary.items)
            spot.fault(
                "E216", f"{quote(str(default))} is not an item of '{dictionary.name}'.{near} Use the code of an item."
            )
