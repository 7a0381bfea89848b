"""Check the templates that a plugin ships for printable pages and for panels."""

from jinja2 import TemplateSyntaxError
from jinja2.meta import find_referenced_templates

from lowcode.declare.model import Plugin
from lowcode.declare.problems import Spot, shorten
from lowcode.declare.reader import MAX_BYTES
from lowcode.templates import templates


def check_template(folder: str, name: str, plugin: Plugin, spot: Spot) -> None:
    """Report a template that is not there, or that cannot be compiled, then by its own line; those it includes too."""
    waiting, known = [f"{name}.html"], set[str]()
    while waiting:
        file = waiting.pop()
        if file not in known:
            known.add(file)
            waiting += _check(folder, file, plugin, spot)


def _check(folder: str, name: str, plugin: Plugin, spot: Spot) -> list[str]:
    """Check one file; give the names of those it includes."""
    file = f"{folder}/{name}"
    try:
        source = _inside(plugin, folder, name).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        spot.fault("E228", f"{file} is missing or is not a UTF-8 text. Write the template beside forms/.")
        return []
    if len(source.encode()) > MAX_BYTES:
        spot.fault("E228", f"{file} is larger than {MAX_BYTES >> 10} kB. Shorten it.")
        return []
    environment = templates(plugin.root, folder)
    try:
        environment.compile(source)
        return [each for each in find_referenced_templates(environment.parse(source)) if each]
    except TemplateSyntaxError as error:
        message = f"The template is not well written: {shorten(str(error.message))}. Correct it."
        spot.report.add(file, "E228", "template", message, error.lineno)
        return []


def _inside(plugin: Plugin, folder: str, name: str) -> bytes:
    """Read the start of a file of the folder. Raises OSError, also for one outside it, which is never filled in."""
    home = (plugin.root / folder).resolve()
    path = (home / name).resolve()
    if not path.is_relative_to(home):
        raise FileNotFoundError(name)
    with path.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)
