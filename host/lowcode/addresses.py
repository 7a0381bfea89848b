"""What may stand in the head of a mail: nothing that begins another line, and one address that can be one."""

import re

from lowcode.errors import Invalid
from lowcode.i18n import _

LONGEST_ADDRESS = 254
LONGEST_SUBJECT = 200
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})+")


def check_address(address: str) -> str:
    """Give an address that mail can be sent to. Raises Invalid."""
    if not is_address(address):
        sentence = _("请填写正确的邮箱地址，例如 name@example.com。")
        raise Invalid(sentence, errors={"to": [sentence]})
    return address


def is_address(address: str) -> bool:
    """Tell whether a text is one bare address; names, lists and other alphabets are not."""
    return len(address) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(address) is not None


def check_subject(subject: str) -> str:
    """Give a subject of one line. Raises Invalid."""
    if not subject.strip() or len(subject) > LONGEST_SUBJECT or not subject.isprintable():
        sentence = _("邮件主题必须是一行文字，最多 {most} 个字符。", most=LONGEST_SUBJECT)
        raise Invalid(sentence, errors={"subject": [sentence]})
    return subject
