"""Names of people and departments as they are typed in."""

import unicodedata

from lowcode.characters import CONTROLS_OF_DIRECTION, LINE_BREAKS, is_noncharacter
from lowcode.errors import Invalid
from lowcode.i18n import _


def username_key(username: str) -> str:
    """Return what two usernames must not share: compatibility form, one case, no outer spaces."""
    return unicodedata.normalize("NFKC", username).casefold().strip()


def clean_name(field: str, value: object, limit: int) -> str:
    """Return the text of a name without outer spaces. Raises `Invalid` naming the field."""
    if not isinstance(value, str):
        raise invalid(field, _("请填写文字。"))
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise invalid(field, _("请填写此项。"))
    if len(text) > limit:
        raise invalid(field, _("最多 {limit} 个字符，请缩短。", limit=limit))
    if any(_is_refused(character) for character in text):
        raise invalid(field, _("含有不能使用的字符，请删除后重试。"))
    return text


def _is_refused(character: str) -> bool:
    if character in CONTROLS_OF_DIRECTION or character in LINE_BREAKS:
        return True
    return is_noncharacter(character) or unicodedata.category(character) in {"Cc", "Cs"}


def invalid(field: str, sentence: str) -> Invalid:
    """Make the refusal of one field."""
    return Invalid(_("请改正标出的内容后再提交。"), errors={field: [sentence]})
