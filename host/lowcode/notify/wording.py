"""What a notification says: the source text is translated for whoever reads it, in his language."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lowcode.addresses import LONGEST_SUBJECT
from lowcode.i18n import LANGUAGES, _, html_lang, language

TEMPLATES = Path(__file__).parents[1] / "web" / "templates"

_templates = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values as JSON can keep them: what is neither text nor number becomes text."""
    return {
        name: value if value is None or isinstance(value, str | int | float) else str(value)
        for name, value in values.items()
    }


def told(text: str, values: Mapping[str, Any]) -> str:
    """Translate a text and fill in its places. A translation that asks for others gives way to the source."""
    try:
        return _(text, **values)
    except (KeyError, IndexError, ValueError):
        return text.format(**values)


@contextmanager
def in_language(name: str | None) -> Iterator[None]:
    """Speak somebody's language for a while; his who never chose one is Chinese."""
    token = language.set(name if name in LANGUAGES else LANGUAGES[0])
    try:
        yield
    finally:
        language.reset(token)


def as_mail(text: str, values: Mapping[str, Any], link: str) -> dict[str, str]:
    """Word a notification as a mail in the language of the moment: subject, text and HTML."""
    sentence = " ".join(told(text, values).split())
    subject = "".join(each for each in sentence if each.isprintable())[:LONGEST_SUBJECT]
    why = _("这封邮件由平台自动发送。您可以在平台的个人设置中关闭这类邮件。")
    lines = (sentence, "", *((link, "") if link else ()), "--", why)
    html = _templates.get_template("mail.html").render(
        _=_, lang=html_lang(), subject=subject, text=sentence, link=link, why=why
    )
    return {"subject": subject, "text": "\n".join(lines), "html": html}
