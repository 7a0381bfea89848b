"""The YAML reference says what the model says."""

from pathlib import Path

from lowcode.declare.problems import PROBLEMS
from lowcode.declare.reference import reference
from lowcode.fieldtypes import FIELD_TYPES

COMMITTED = Path(__file__).parents[2] / "docs" / "reference.md"


def test_the_committed_reference_is_the_generated_one() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == reference(), (
        "Run `lowcode reference > host/docs/reference.md`, the declaration model has changed."
    )


def test_every_type_and_fault_is_in_the_reference() -> None:
    text = reference()
    assert all(f"| `{name}` |" in text for name in FIELD_TYPES)
    assert all(f"| {id} |" in text for id in PROBLEMS)


def test_keys_that_only_the_loader_sets_are_not_in_the_reference() -> None:
    assert "Where it was declared." not in reference()
