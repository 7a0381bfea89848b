"""Messages that other systems push: signed, each with an effect once, in order for each thing they are about."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from marshmallow import Schema
from sqlalchemy import Connection, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from lowcode import settings
from lowcode.connections import log
from lowcode.connections.masking import Mask
from lowcode.connections.signing import is_signed, is_timely
from lowcode.connections.tables import received
from lowcode.database import locks
from lowcode.declare.model import Endpoint
from lowcode.errors import Conflict, Fault, Invalid, NotFound, NotSignedIn, TooMany
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.i18n import _
from lowcode.identity import throttle
from lowcode.platform import SYSTEM
from lowcode.records import asking
from lowcode.schemas import build

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.platform import Platform

WRONG_SIGNATURE = "签名不正确，请检查密钥、时间和签名的算法。"
STALE = "请求的签名时间与系统时间相差超过 5 分钟，请校准时钟后重新签名。"


@dataclass(frozen=True, slots=True)
class Push:
    """A message as it came in."""

    path: str
    address: str
    timestamp: str
    signature: str
    body: bytes
    now: datetime
    started: float

    @classmethod
    def of(cls, path: str, address: str, timestamp: str, signature: str, body: bytes) -> "Push":
        """Take what came in now."""
        return cls(
            path, address, timestamp, signature, body, datetime.now(UTC).replace(microsecond=0), time.monotonic()
        )


@dataclass(frozen=True, slots=True)
class Target:
    """The endpoint that a message is for."""

    plugin: str
    endpoint: Endpoint


def find(platform: "Platform", plugin: str, name: str) -> Target:
    """Find an endpoint. Raises NotFound."""
    for loaded in platform.active_plugins:
        if loaded.name == plugin and loaded.declared and name in loaded.declared.endpoints:
            return Target(plugin, loaded.declared.endpoints[name])
    raise NotFound(_("没有找到这个地址，请检查后重试。"))


def admit(platform: "Platform", target: Target, push: Push) -> None:
    """Let in what is signed with the endpoint's secret. Raises Fault: the same without a secret as for a wrong one.

    Wrong signatures are counted for each address, by all workers together; what is too many is not even logged. A
    right one is let in whatever came from its address.
    """
    with platform.reading(SYSTEM) as ctx:
        secret = settings.values(ctx, target.plugin).get(target.endpoint.secret)
    is_right = is_signed(secret, push.timestamp, push.path, push.body, push.signature)
    if is_right and is_timely(push.timestamp, datetime.now(UTC)):
        return
    if is_right:
        turn_away(platform, target, push, NotSignedIn(_(STALE), code="stale_request"), STALE)
    why = WRONG_SIGNATURE if secret else "还没有在系统设置中填写签名的密钥，请求都被拒绝。"
    turn_away(platform, target, push, NotSignedIn(_(WRONG_SIGNATURE), code="bad_signature"), why)


def turn_away(platform: "Platform", target: Target, push: Push, fault: Fault, why: str) -> NoReturn:
    """Count and log what nobody has signed, and raise the fault; TooMany, and no log, for what comes too often."""
    counters = throttle.pushes(push.address)
    with platform.db.read() as connection:
        wait = throttle.wait(connection, counters, push.now)
    if wait:
        raise TooMany(_("签名错误的请求过多，请在 {seconds} 秒后再试。", seconds=wait), retry_after=wait)
    throttle.reserve(platform.db, counters, push.now)
    entry = _entry(target, push, "refused", why, status=fault.status, is_believed=False)
    platform.db.run(lambda connection: log.note(connection, entry))
    raise fault


def receive(platform: "Platform", target: Target, push: Push, payload: Mapping[str, Any]) -> dict[str, str]:
    """Do what a message says, unless it has been done or a newer one has. Raises Fault; then it may come again."""
    try:
        return platform.as_system(partial(_settle, target, push, payload), now=push.now)
    except Fault as fault:
        refuse(platform, target, push, fault, _about(target, payload))
        raise
    except Exception as error:
        why = "处理时出错，原因见平台的运行日志。"
        _note(platform, target, push, "failed", why, status=500, about=_about(target, payload), answer=_kind(error))
        raise


def refuse(platform: "Platform", target: Target, push: Push, fault: Fault, about: str = "") -> None:
    """Log a message that was signed, and refused."""
    answer = (
        json.dumps({"code": fault.code, "errors": fault.errors}, ensure_ascii=False) if fault.errors else fault.code
    )
    _note(platform, target, push, "refused", fault.detail, status=fault.status, about=about, answer=answer)


def _settle(target: Target, push: Push, payload: Mapping[str, Any], ctx: "Context") -> dict[str, str]:
    """Decide in the transaction of the effect whether there is one, by the unique row of the message."""
    message = asking.checked(ctx, _schema(ctx, target), target.endpoint.params, payload)
    about, sequence = _key(target, message)
    locks.hold(ctx.connection, [f"receive:{target.plugin}.{target.endpoint.name}:{about}"])
    mine = _mine(target, about)
    digest = _digest(target, message)
    newest = ctx.connection.scalar(select(func.max(received.c.sequence)).where(mine))
    if (newest is None or newest < sequence) and _claim(ctx, target, about, sequence, digest):
        return _apply(ctx, target, push, message)
    answer = _known(ctx.connection, target, about, sequence, digest)
    _log(ctx.connection, target, push, about, answer)
    return answer


def _known(connection: Connection, target: Target, about: str, sequence: int, digest: str) -> dict[str, str]:
    """Answer a message that comes too late or again. Raises Conflict for another content under the same number."""
    this = and_(_mine(target, about), received.c.sequence == sequence)
    first = connection.execute(select(received.c.digest, received.c.answer).where(this)).first()
    if first is None:
        return {"status": "outdated", "message": _("已经处理过更新的消息，这条消息不再生效。")}
    if first.digest != digest:
        sentence = _("序号 {sequence} 已经用于内容不同的消息。", sequence=sequence)
        raise Conflict(sentence, code="duplicate", errors={target.endpoint.sequence: [sentence]})
    return {"status": "repeated", "message": first.answer}


def _claim(ctx: "Context", target: Target, about: str, sequence: int, digest: str) -> bool:
    """Write the row that is unique; False when another has written it."""
    row = {"plugin": target.plugin, "endpoint": target.endpoint.name, "about": about, "sequence": sequence}
    try:
        with ctx.connection.begin_nested():
            ctx.connection.execute(insert(received).values(**row, digest=digest, answer="", at=ctx.now))
    except IntegrityError:
        return False
    return True


def _apply(ctx: "Context", target: Target, push: Push, message: Mapping[str, Any]) -> dict[str, str]:
    """Let the rule do it, and keep its sentence for when the message comes again."""
    done = ctx.platform.hooks.named(f"receive_{target.endpoint.name}", target.plugin, message=message, ctx=ctx)
    answer = {"status": "applied", "message": str(done or "")}
    about, sequence = _key(target, message)
    this = and_(_mine(target, about), received.c.sequence == sequence)
    ctx.connection.execute(update(received).where(this).values(answer=answer["message"]))
    _log(ctx.connection, target, push, about, answer)
    return answer


def _log(connection: Connection, target: Target, push: Push, about: str, answer: Mapping[str, str]) -> None:
    entry = _entry(target, push, answer["status"], answer["message"], status=200, about=about)
    log.note(connection, entry)


def _note(
    platform: "Platform",
    target: Target,
    push: Push,
    outcome: str,
    message: str,
    *,
    status: int,
    about: str = "",
    answer: str = "",
) -> None:
    """Log in a transaction of its own: that of the message was taken back."""
    entry = _entry(target, push, outcome, message, status=status, about=about, answer=answer)
    platform.db.run(lambda connection: log.note(connection, entry))


def _entry(
    target: Target,
    push: Push,
    outcome: str,
    message: str,
    *,
    status: int,
    about: str = "",
    answer: str = "",
    is_believed: bool = True,
) -> log.Entry:
    """Make the entry; a body that nobody has signed is not kept."""
    return log.Entry(
        at=push.now,
        direction=log.INBOUND,
        plugin=target.plugin,
        name=target.endpoint.name,
        address=push.address,
        outcome=outcome,
        message=message,
        subject=about,
        status=status,
        duration=int((time.monotonic() - push.started) * 1000),
        request=Mask(()).body(push.body) if is_believed else "",
        answer=answer,
    )


def _schema(ctx: "Context", target: Target) -> Schema:
    key = ("endpoint", target.plugin, target.endpoint.name)
    if key not in ctx.platform.prepared:
        ctx.platform.prepared[key] = build(f"receive_{target.endpoint.name}", target.endpoint.params)
    made: Schema = ctx.platform.prepared[key]
    return made


def _key(target: Target, message: Mapping[str, Any]) -> tuple[str, int]:
    """Give what a message is about and its number; both have to be there, whatever is declared. Raises Invalid."""
    about, sequence = (message[name] for name in (target.endpoint.about, target.endpoint.sequence))
    if about is None or sequence is None:
        missing = [name for name in (target.endpoint.about, target.endpoint.sequence) if message[name] is None]
        raise Invalid(_("请检查填写的内容。"), errors={name: [_("必填。")] for name in missing})
    return _dumped(target, target.endpoint.about, about), int(sequence)


def _dumped(target: Target, name: str, value: Any) -> str:
    declared = target.endpoint.params[name]
    return str(FIELD_TYPES[declared.type].dump(declared, value))


def _digest(target: Target, message: Mapping[str, Any]) -> str:
    """Give what tells two contents apart, however they are written."""
    params = target.endpoint.params
    plain = {
        name: None if value is None else FIELD_TYPES[params[name].type].dump(params[name], value)
        for name, value in message.items()
    }
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()


def _mine(target: Target, about: str) -> Any:
    return and_(
        received.c.plugin == target.plugin,
        received.c.endpoint == target.endpoint.name,
        received.c.about == about,
    )


def _about(target: Target, payload: Mapping[str, Any]) -> str:
    value = payload.get(target.endpoint.about)
    return str(value) if isinstance(value, str | int) else ""


def _kind(error: Exception) -> str:
    return type(error).__name__
