"""Check the templates that a plugin ships for printable pages and for panels."""

from jinja2 import TemplateSyntaxError

from lowcode.declare.model import Plugin
from lowcode.declare.problems import Spot, shorten
from lowcode.declare.reader import MAX_BYTES
from lowcode.templates import templates


def check_template(folder: str, name: str, plugin: Plugin, spot: Spot) -> None:
    """Report a template that is not there, or that cannot be compiled; then the line is that of the template."""
    file = f"{folder}/{name}.html"
    path = plugin.root / file
    try:
        source = path.read_bytes()[: MAX_BYTES + 1].decode("utf-8")
    except (OSError, UnicodeDecodeError):
        spot.fault("E228", f"{file} is missing or is not a UTF-8 text. Write the template beside forms/.")
        return
    if len(source.encode()) > MAX_BYTES:
        spot.fault("E228", f"{file} is larger than {MAX_BYTES >> 10} kB. Shorten it.")
        return
    try:
        templates(plugin.root, folder).compile(source)
    except TemplateSyntaxError as error:
        message = f"The template is not well written: {shorten(str(error.message))}. Correct it."
        spot.report.add(file, "E228", "template", message, error.lineno)
