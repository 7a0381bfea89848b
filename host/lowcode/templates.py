"""Templates of plugins: they see what they are given, change nothing, and reach no file but those beside them."""

import logging
import traceback
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

if TYPE_CHECKING:
    from lowcode.platform import Platform

log = logging.getLogger(__name__)

PRINTS = "prints"
"""The folder of the printable pages, beside forms/."""

PANELS = "panels"
"""The folder of the pages of figures, beside forms/."""

LONGEST_FAULT = 200


class TemplateFault(Exception):
    """A template that cannot be filled: which file and line, and what is wrong with it."""

    def __init__(self, file: str, line: int, fault: str) -> None:
        super().__init__(fault)
        self.file, self.line, self.fault = file, line, fault


def templates(root: Path, folder: str = PRINTS) -> ImmutableSandboxedEnvironment:
    """Make what reads the templates of a plugin whose declarations are in `root`."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(root / folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def has(platform: "Platform", plugin: str, folder: str, name: str) -> bool:
    """Tell whether a plugin ships a template."""
    return (_root(platform, plugin) / folder / f"{name}.html").is_file()


def fill(platform: "Platform", plugin: str, folder: str, name: str, values: Mapping[str, Any]) -> Markup:
    """Fill a template of a plugin. Raises TemplateFault, whatever the template does."""
    key = (folder, plugin)
    if key not in platform.prepared:
        platform.prepared[key] = templates(_root(platform, plugin), folder)
    environment: ImmutableSandboxedEnvironment = platform.prepared[key]
    file = f"{name}.html"
    try:
        return Markup(environment.get_template(file).render(values))  # noqa: S704 (the template has escaped it)
    except Exception as fault:  # a template may do whatever a rule may
        log.error("The template %s/%s cannot be filled.", folder, file, exc_info=fault)
        place, line = _place(fault, folder) or (f"{folder}/{file}", 1)
        raise TemplateFault(place, line, str(fault)[:LONGEST_FAULT] or type(fault).__name__) from fault


def _place(fault: Exception, folder: str) -> tuple[str, int] | None:
    """Find the template, which may be one that is included, and the line that is at fault."""
    if isinstance(fault, TemplateSyntaxError) and fault.name:
        return f"{folder}/{fault.name}", fault.lineno
    for frame in reversed(traceback.extract_tb(fault.__traceback__)):
        inside = frame.filename.rpartition(f"/{folder}/")[2]
        if inside != frame.filename and inside.endswith(".html"):
            return f"{folder}/{inside}", frame.lineno or 1
    return None


def money(value: Any) -> str:
    """Write an amount with thousands and two places; nothing for none."""
    return "" if value is None else f"{Decimal(value):,.2f}"


def _root(platform: "Platform", plugin: str) -> Path:
    return next(each.declared.root for each in platform.active_plugins if each.declared and each.name == plugin)
