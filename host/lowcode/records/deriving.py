"""Fields that are not stored: the form's `derive` hook fills them for all records that are about to be shown."""

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from lowcode.forms import LiveForm
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context


def fill(ctx: "Context", form: LiveForm, records: Sequence[Record], names: Collection[str] | None = None) -> None:
    """Call the hook once for all saved records, when one of its fields is among `names`; drafts of new ones have none.

    The hook gets the system's context, as every rule does: what it reads is not narrowed to what the person may see.
    """
    derived = form.derived | form.derived_lines
    if derived.isdisjoint(derived if names is None else names):
        return
    if saved := [each for each in records if each.id is not None]:
        ctx.platform.hooks.call(form.name, "derive", records=saved, ctx=ctx.system)


def refuse(form: LiveForm, names: Iterable[str]) -> None:
    """Refuse a rule that writes what is not stored. Raises ValueError."""
    for name in names:
        if name in form.derived:
            raise ValueError(f"'{name}' of '{form.name}' is derived: `derive` fills it, and it is not stored.")
