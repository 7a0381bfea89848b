"""All hooks between the host and a plugin: what is called when, with what, and what it returns.

Implementations take only the arguments they need. The docs of each hook stand in `docs/plugin_api.md`;
a test holds both equal. `action_<name>`, `panel_<name>` and those below it are families: the host adds one
specification for each entry of `actions:`, `panels:` and so on when it loads the plugin.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from lowcode.api import Answer, Call, Context, Declaration, Form, More, Record, Result, Step, Where

hookspec = pluggy.HookspecMarker("lowcode")


class HookSpecs:
    """The hooks of the host, in the order a record meets them."""

    @hookspec
    def declare(self) -> "Declaration":  # type: ignore[empty-body]
        """Say where the declarations are and which modules hold the rules. Called once at start."""

    @hookspec
    def prefill(self, record: "Record", ctx: "Context") -> None:
        """Fill what is still open in a new `record`, its lines included. Called on preview and before a save. Pure.

        Rows of lines may be mappings of the columns that are known.
        """

    @hookspec
    def compute(self, record: "Record", ctx: "Context") -> None:
        """Fill the computed fields of `record`. Called on preview and before a save, after field checks. Pure."""

    @hookspec
    def derive(self, records: "Sequence[Record]", ctx: "Context") -> None:
        """Fill the derived fields of `records`. Called for each page of saved records that is shown. Pure.

        Line items may not have been read: then they are None.
        """

    @hookspec
    def validate(self, record: "Record", original: "Record | None", ctx: "Context") -> Mapping[str, str] | None:
        """Return `{field: sentence}` for each fault. Called on preview and before a save, after compute. Pure."""

    @hookspec
    def before_save(self, record: "Record", original: "Record | None", ctx: "Context") -> None:
        """Set fields of `record`. Called in the transaction, before the write.

        A record that comes back from the recycle bin is saved too; `original.deleted_at` tells.
        """

    @hookspec
    def after_save(self, record: "Record", original: "Record | None", ctx: "Context") -> None:
        """Write other records through `ctx`. Called in the transaction, after the write."""

    @hookspec(firstresult=True)
    def before_delete(self, record: "Record", ctx: "Context") -> str | None:
        """Return a sentence that refuses the deletion. Called in the transaction. Pure."""

    @hookspec
    def after_delete(self, record: "Record", ctx: "Context") -> None:
        """Write other records through `ctx`. Called in the transaction, after the record went to the recycle bin."""

    @hookspec
    def row_scope(self, form: "Form", access: str, ctx: "Context") -> "Where | None":
        """Return a condition that narrows the records. Called for each list, read, save, delete and count. Pure."""

    @hookspec(firstresult=True)
    def approvers(self, record: "Record", step: "Step", ctx: "Context") -> Iterable[int] | None:
        """Return the user ids that decide a step, or None for those declared. Called when the step opens. Pure."""

    @hookspec
    def after_move(self, record: "Record", move: str, params: Mapping[str, Any], ctx: "Context") -> None:
        """Write other records through `ctx`. Called in the transaction, after a state move with what its dialog asked.

        The decision of an approval is a move too, without parameters: `<approval>.approved`, `<approval>.rejected`
        or `<approval>.returned`.
        """


class HookFamilies:
    """The shapes of the hooks that are named after a declaration."""

    @hookspec(firstresult=True)
    def action_name(  # type: ignore[empty-body]
        self, record: "Record", params: Mapping[str, Any], ctx: "Context"
    ) -> "Result":
        """Do what the button of a record says. Called in the transaction."""

    @hookspec(firstresult=True)
    def propose_name(self, record: "Record", ctx: "Context") -> Mapping[str, Any]:  # type: ignore[empty-body]
        """Return what the dialog of an action starts with. Called when it is opened. Pure."""

    @hookspec(firstresult=True)
    def panel_name(  # type: ignore[empty-body]
        self, ctx: "Context", params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the plain data of a page for what was chosen on it. Called when the page is shown. Pure."""

    @hookspec(firstresult=True)
    def job_name(self, ctx: "Context", state: Any, due_at: datetime) -> "str | More":  # type: ignore[empty-body]
        """Do the work, or a part of it. Called by the scheduler in a transaction.

        Returns one sentence for the log, or `More` to be called again with its state in the next transaction.
        """

    @hookspec(firstresult=True)
    def receive_name(self, message: Mapping[str, Any], ctx: "Context") -> str:  # type: ignore[empty-body]
        """Do what a pushed message says and return one sentence for its sender. Called in a transaction.

        Raises NotFound when there is nothing it could be about, and Refused when it cannot be done; it may come again.
        """

    @hookspec(firstresult=True)
    def request_name(self, record: "Record", ctx: "Context") -> "Call | None":
        """Return what to ask another system about a due record, or None to ask nothing now. Called by the worker. Pure.

        The transaction ends before the call is made.
        """

    @hookspec(firstresult=True)
    def answer_name(self, record: "Record", answer: "Answer", ctx: "Context") -> None:
        """Write what came of a call, failures too, so that the record is not due any more. Called in a transaction."""
