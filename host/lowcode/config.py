"""Settings of one host process, read from the environment."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from lowcode import mailserver
from lowcode.mailserver import MailServer


@dataclass(frozen=True, slots=True)
class Config:
    """Where a host keeps its things and how it listens."""

    home: Path = Path("instance")
    database_url: str = ""
    port: int = 8000
    host: str = "127.0.0.1"
    admin_password: str | None = field(default=None, repr=False)
    https: bool = False
    workers: int = 2
    threads: int = 4
    max_file_bytes: int = 20 * 1024 * 1024
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    safe_mode: bool = False
    trusted_proxies: int = 0
    """How many proxies stand in front and name the caller in X-Forwarded-For, -Proto and -Host; 0 believes nobody."""
    smtp: MailServer | None = None
    mail_from: str = ""
    public_url: str = ""
    """Where people reach the platform, without a slash at the end; the links in mails begin with it."""
    redis_url: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.home.resolve() / 'lowcode.db'}")

    @classmethod
    def from_env(cls) -> "Config":
        """Read `PORT` and the `LOWCODE_…` variables; what is not set keeps its default. Raises Refused."""
        env = os.environ
        return cls(
            home=Path(env.get("LOWCODE_HOME") or "instance").resolve(),
            database_url=env.get("LOWCODE_DATABASE_URL", ""),
            port=int(env.get("PORT") or 8000),
            host=env.get("LOWCODE_HOST") or "127.0.0.1",
            admin_password=env.get("LOWCODE_ADMIN_PASSWORD") or None,
            https=env.get("LOWCODE_HTTPS") == "1",
            workers=int(env.get("LOWCODE_WORKERS") or 2),
            threads=int(env.get("LOWCODE_THREADS") or 4),
            max_file_bytes=int(env.get("LOWCODE_MAX_FILE_BYTES") or 20 * 1024 * 1024),
            time_zone=ZoneInfo(env.get("LOWCODE_TIME_ZONE") or "Asia/Shanghai"),
            safe_mode=env.get("LOWCODE_SAFE_MODE") == "1",
            trusted_proxies=int(env.get("LOWCODE_TRUSTED_PROXIES") or 0),
            smtp=(smtp := mailserver.parse(env.get("LOWCODE_SMTP_URL", ""))),
            mail_from=mailserver.sender(env.get("LOWCODE_MAIL_FROM", ""), is_needed=smtp is not None),
            public_url=mailserver.public_url(env.get("LOWCODE_PUBLIC_URL", "")),
            redis_url=mailserver.redis_url(env.get("LOWCODE_REDIS_URL", "")),
        )

    @classmethod
    def of_this_process(cls) -> "Config":
        """Read the settings for a process that works on a home: what it writes from here on is for its owner only."""
        os.umask(0o077)
        return cls.from_env()
