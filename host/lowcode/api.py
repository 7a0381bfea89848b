"""The only module of the host that a plugin may import."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from lowcode.connections.messages import Answer, Call
from lowcode.context import Context
from lowcode.database.columns import FixedDecimal, UtcDateTime
from lowcode.declare.fields import Where
from lowcode.declare.model import Form
from lowcode.declare.workflows import Step
from lowcode.errors import Fault, NotFound, Refused
from lowcode.i18n import _
from lowcode.money import round_half_up
from lowcode.records.alike import Match
from lowcode.records.record import Line, Record
from lowcode.records.totals import Total

hookimpl = pluggy.HookimplMarker("lowcode")


@dataclass(frozen=True, slots=True)
class Declaration:
    """Where a plugin's YAML is, and the modules that hold its rules.

    `rules` maps a form's name to the module whose hooks concern that form only;
    `hooks` are modules whose hooks concern the plugin as a whole (panels, jobs);
    `sample` loads the plugin's sample data through `ctx`, on request.
    """

    root: Path
    rules: Mapping[str, ModuleType] = field(default_factory=dict)
    hooks: tuple[ModuleType, ...] = ()
    sample: ModuleType | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of an action: a sentence, and the record to open next as (form, id)."""

    message: str
    open: tuple[str, int] | None = None
    plan: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class More:
    """The answer of a job that has done a part of its work: a sentence, and the state to go on with."""

    message: str
    state: Any


__all__ = [
    "Answer",
    "Call",
    "Context",
    "Declaration",
    "Fault",
    "FixedDecimal",
    "Form",
    "Line",
    "Match",
    "More",
    "NotFound",
    "Record",
    "Refused",
    "Result",
    "Step",
    "Total",
    "UtcDateTime",
    "Where",
    "_",
    "hookimpl",
    "round_half_up",
]
