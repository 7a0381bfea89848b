"""Templates of plugins: they see what they are given, change nothing, and reach no file but those beside them."""

from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

PRINTS = "prints"
"""The folder of the printable pages, beside forms/."""


def templates(root: Path) -> ImmutableSandboxedEnvironment:
    """Make what reads the templates of a plugin whose declarations are in `root`."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(root / PRINTS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
