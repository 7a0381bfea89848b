"""Password hashes and the rules a new password has to meet."""

import secrets
import unicodedata
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from lowcode.i18n import _
from lowcode.identity.policy import Policy

MAX_LENGTH = 256
MOST_COMMON = 30_000
SHORTEST_NAME = 3
"""Names of two letters are in too many good passwords."""

_hasher = PasswordHasher(time_cost=1, memory_cost=47104, parallelism=1, type=Type.ID)
"""argon2id with 46 MiB: the first parameter set that OWASP's password storage cheat sheet names."""


def hash_password(password: str) -> str:
    """Hash a password for storage."""
    return _hasher.hash(_normalised(password))


def verify(password_hash: str | None, password: str) -> bool:
    """Tell whether the password is right; without a hash the same work is done and the answer is no."""
    try:
        _hasher.verify(password_hash or _decoy(), _normalised(password)[:MAX_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def fault(password: str, username: str, policy: Policy, hashes: Iterable[str] = ()) -> str | None:
    """Return the sentence that says why a new password is refused, or None.

    `hashes` are those of the person's passwords that may not come back.
    """
    return length_fault(password, policy) or weakness(password, username, policy) or _repetition(password, hashes)


def length_fault(password: str, policy: Policy) -> str | None:
    """Return the sentence that says that a password is too short or too long, or None."""
    length = len(_normalised(password))
    if length < policy.min_length:
        return _("密码至少 {length} 个字符，请输入更长的密码。", length=policy.min_length)
    if length > MAX_LENGTH:
        return _("密码最多 {length} 个字符，请输入更短的密码。", length=MAX_LENGTH)
    return None


def weakness(password: str, username: str, policy: Policy) -> str | None:
    """Return the sentence that says that a password is easily guessed, or None."""
    normalised = _normalised(password)
    folded, name = normalised.casefold(), _normalised(username).casefold().strip()
    if len({_class_of(character) for character in normalised}) < policy.classes:
        return _("密码须含有大写字母、小写字母、数字、其他字符中的至少 {count} 类。", count=policy.classes)
    if len(name) >= SHORTEST_NAME and name in folded:
        return _("密码不能含有用户名，请换一个密码。")
    if folded in _common():
        return _("这个密码太常见，很容易被猜到，请换一个密码。")
    return None


def rules(policy: Policy) -> list[str]:
    """Say what a new password has to be, for the page that asks for one."""
    said = [_("至少 {length} 个字符，不能含有用户名，也不能是常见的密码。", length=policy.min_length)]
    if policy.classes > 1:
        said.append(_("密码须含有大写字母、小写字母、数字、其他字符中的至少 {count} 类。", count=policy.classes))
    if policy.history > 1:
        said.append(_("不能与最近 {count} 个用过的密码相同。", count=policy.history))
    if policy.expiry_days:
        said.append(_("每 {days} 天需要更换一次。", days=policy.expiry_days))
    return said


def _repetition(password: str, hashes: Iterable[str]) -> str | None:
    if any(verify(each, password) for each in hashes):
        return _("新密码不能与最近用过的密码相同，请换一个密码。")
    return None


def _class_of(character: str) -> str:
    """Name the kind of a character; Chinese ones have neither case and count as others."""
    if character.islower():
        return "lower"
    if character.isupper():
        return "upper"
    return "digit" if character.isdecimal() else "other"


def _normalised(password: str) -> str:
    """Give the same password typed on different keyboards the same bytes."""
    return unicodedata.normalize("NFKC", password)


@cache
def _common() -> frozenset[str]:
    """Read the passwords that people choose most, when the first new password is checked."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(each.casefold() for each in FREQUENCY_LISTS["passwords"][:MOST_COMMON])


@cache
def _decoy() -> str:
    return _hasher.hash(secrets.token_hex(16))
