"""Password hashes and the rules a new password has to meet."""

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from lowcode.i18n import _

MIN_LENGTH = 8
MAX_LENGTH = 256

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


def fault(password: str, username: str) -> str | None:
    """Return the sentence that says why a new password is refused, or None."""
    normalised = _normalised(password)
    if len(normalised) < MIN_LENGTH:
        return _("密码至少 {length} 个字符，请输入更长的密码。", length=MIN_LENGTH)
    if len(normalised) > MAX_LENGTH:
        return _("密码最多 {length} 个字符，请输入更短的密码。", length=MAX_LENGTH)
    if normalised.casefold() == _normalised(username).casefold():
        return _("密码不能与用户名相同，请换一个密码。")
    return None


def _normalised(password: str) -> str:
    """Give the same password typed on different keyboards the same bytes."""
    return unicodedata.normalize("NFKC", password)


@cache
def _decoy() -> str:
    return _hasher.hash(secrets.token_hex(16))
