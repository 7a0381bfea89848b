"""What the environment says of mails, their server and the queue; each fault in it is one sentence."""

from dataclasses import dataclass, field
from email.utils import parseaddr
from importlib.util import find_spec
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from lowcode.addresses import is_address
from lowcode.errors import Refused
from lowcode.i18n import _

PORTS = {"smtp": 25, "smtps": 465}
STARTTLS_PORT = 587


@dataclass(frozen=True, slots=True)
class MailServer:
    """How to reach an SMTP server; nobody in `user` sends without signing in."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    is_tls: bool = False
    has_starttls: bool = False


def parse(url: str) -> MailServer | None:
    """Read `smtp://user:password@host:port?starttls=1` or `smtps://…`; None for nothing. Raises Refused."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        server = _server(parts)
    except ValueError:
        server = None
    if server is None:
        raise Refused(
            _("LOWCODE_SMTP_URL 的格式不正确，请写成 smtp://用户:密码@主机:端口，加密用 smtps:// 或 ?starttls=1。")
        )
    return server


def _server(parts: SplitResult) -> MailServer | None:
    """Read the parts of an address. Raises ValueError for a port that is none."""
    options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    starttls = options.pop("starttls", "0")
    wrong = parts.scheme not in PORTS or not parts.hostname or parts.path not in {"", "/"} or parts.fragment
    if wrong or options or starttls not in {"0", "1"} or (starttls == "1" and parts.scheme == "smtps"):
        return None
    port = parts.port or (STARTTLS_PORT if starttls == "1" else PORTS[parts.scheme])
    return MailServer(
        host=parts.hostname or "",
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        is_tls=parts.scheme == "smtps",
        has_starttls=starttls == "1",
    )


def sender(text: str, *, is_needed: bool) -> str:
    """Read `LOWCODE_MAIL_FROM`: an address, or a name with an address in angle brackets. Raises Refused."""
    if not text and not is_needed:
        return ""
    if not text.isprintable() or not is_address(parseaddr(text)[1]):
        raise Refused(
            _("LOWCODE_MAIL_FROM 必须是发件人的邮箱地址，例如 Office <office@example.com>；发送邮件时不能为空。")
        )
    return text


def public_url(url: str) -> str:
    """Read `LOWCODE_PUBLIC_URL`. Raises Refused."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and not (parts.query or parts.fragment)
    except ValueError:
        is_good = False
    if url and (not is_good or not url.isprintable() or " " in url):
        raise Refused(_("LOWCODE_PUBLIC_URL 必须是人们打开平台的网址，例如 https://office.example.com。"))
    return url.rstrip("/")


def redis_url(url: str) -> str:
    """Read `LOWCODE_REDIS_URL`. Raises Refused."""
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise Refused(_("LOWCODE_REDIS_URL 的格式不正确，请写成 redis://主机:端口/编号。"))
    if url and find_spec("redis") is None:
        raise Refused(_("设置了 LOWCODE_REDIS_URL，但没有安装 redis；请执行 pip install 'lowcode-host[redis]'。"))
    return url
