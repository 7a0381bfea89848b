"""What decisions say: the opinion, and whom or what they name beside it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lowcode.declare.fields import Field
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.schemas import build, decode
from lowcode.workflow import people

if TYPE_CHECKING:
    from lowcode.context import Context

OPINION = build("opinion", {"opinion": Field(name="opinion", label="意见", type="textarea")})
MOST_PEOPLE = 50


def read_opinion(payload: Mapping[str, Any], *others: str) -> str | None:
    """Read what a decision says; `others` are read elsewhere. Raises Invalid."""
    values, errors = decode(OPINION, {key: value for key, value in payload.items() if key not in others})
    if errors:
        raise Invalid(_("有 {count} 处需要修改，请看各字段的提示。", count=len(errors)), errors=errors)
    return values.get("opinion")


def required_opinion(opinion: str | None, sentence: str) -> str:
    """Insist on an opinion. Raises Invalid with the sentence."""
    if not opinion:
        raise Invalid(sentence, errors={"opinion": [_("必填。")]})
    return opinion


def word(payload: Mapping[str, Any], name: str) -> str | None:
    """Read one word. Raises Invalid."""
    value = payload.get(name)
    if value is not None and not isinstance(value, str):
        raise wrong(name, _("请填写文字。"))
    return value or None


def one_person(ctx: "Context", payload: Mapping[str, Any]) -> int:
    """Read the one active person in `to`. Raises Invalid."""
    found = several_people(ctx, payload)
    if len(found) != 1:
        raise wrong("to", _("请选择一个人。"))
    return found[0]


def several_people(ctx: "Context", payload: Mapping[str, Any]) -> list[int]:
    """Read the active people in `to`, an id or a list. Raises Invalid."""
    return active_people(ctx, payload.get("to"), "to")


def active_people(ctx: "Context", raw: Any, path: str) -> list[int]:
    """Read ids of active people. Raises Invalid."""
    ids = list(raw) if isinstance(raw, Sequence) and not isinstance(raw, str) else [raw]
    if raw is None or not ids:
        raise wrong(path, _("必填。"))
    if len(ids) > MOST_PEOPLE or not all(type(each) is int and 0 < each < 2**63 for each in ids):
        raise wrong(path, _("请填写 1 到 {most} 个用户的编号 (id)。", most=MOST_PEOPLE))
    if people.active(ctx, ids) != list(dict.fromkeys(ids)):
        raise wrong(path, _("所选的人不存在或已停用，请另选。"))
    return list(dict.fromkeys(ids))


def wrong(path: str, sentence: str) -> Invalid:
    """Make the refusal of one value."""
    return Invalid(sentence, errors={path: [sentence]})
