"""Languages: labels and messages are Chinese in the source, English comes from gettext catalogues."""

import gettext
from collections.abc import Iterable
from contextvars import ContextVar
from copy import copy
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
TAGS = {"zh": "zh-CN"}
language: ContextVar[str] = ContextVar("language", default="zh")

_catalogues: dict[str, gettext.NullTranslations] = {}


def load(roots: Iterable[Path]) -> None:
    """Read `<root>/<language>/LC_MESSAGES/*.po` of the host and of each plugin; earlier roots win."""
    folders = list(roots)
    for name in LANGUAGES[1:]:
        merged = gettext.NullTranslations()
        for root in folders:
            for file in sorted((root / name / "LC_MESSAGES").glob("*.po")):
                merged.add_fallback(copy(_read(file, file.stat().st_mtime_ns)))
        _catalogues[name] = merged


@cache
def _read(file: Path, _changed_at: int) -> gettext.GNUTranslations:
    """Read a catalogue once; whoever adds a fallback to it takes a copy."""
    buffer = BytesIO()
    with file.open("rb") as source:
        write_mo(buffer, read_po(source, locale=file.parents[1].name))
    buffer.seek(0)
    return gettext.GNUTranslations(buffer)


def html_lang() -> str:
    """Give the language of this request as HTML names it."""
    return TAGS.get(language.get(), language.get())


def many(text: str) -> str:
    """Translate a label that names all records of a kind, as menus do: the plural where the catalogue has one."""
    catalogue = _catalogues.get(language.get())
    plural = catalogue.ngettext(text, text, 2) if catalogue and text else text
    return _(text) if plural == text else plural


def _(text: str, **values: object) -> str:
    """Translate into the language of this request, then fill in `{name}` places."""
    catalogue = _catalogues.get(language.get())
    translated = catalogue.gettext(text) if catalogue and text else text
    return translated.format(**values) if values else translated
