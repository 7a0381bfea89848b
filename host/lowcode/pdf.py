"""Printable pages as PDF, made by a process of its own that reaches no network and no file and is made to end."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore

from lowcode.errors import Refused, Unavailable
from lowcode.i18n import _
from lowcode.pdf_process import NOT_INSTALLED, SECONDS

log = logging.getLogger(__name__)

PROGRAM = Path(__file__).with_name("pdf_process.py")
INSTALL = 'pip install "lowcode-host[pdf]"'
SYSTEM = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"
MOST_BYTES = 4 << 20
"""The largest document that is worth starting on."""

AT_ONCE = BoundedSemaphore(2)
PATIENCE = 10
"""How many a worker makes at once, and the seconds that one more waits for its turn."""

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "XDG_CACHE_HOME")
"""What the program sees of the environment: where libraries and fonts are, and no secrets."""


def made(document: str) -> bytes:
    """Turn a whole HTML document into a PDF. Raises Refused and Unavailable."""
    source = document.encode()
    if len(source) > MOST_BYTES:
        raise Refused(_("这一页太长，不能生成 PDF，请改用“打印”。"), code="print_failed")
    if not AT_ONCE.acquire(timeout=PATIENCE):
        raise Unavailable(_("正在生成的 PDF 太多，请稍后再试。"))
    try:
        return _run(source)
    finally:
        AT_ONCE.release()


def _run(source: bytes) -> bytes:
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    command = [sys.executable, "-I", str(PROGRAM)]
    try:
        done = subprocess.run(command, input=source, capture_output=True, timeout=SECONDS, env=environment)  # noqa: S603 (our own program)
    except subprocess.TimeoutExpired:
        raise Refused(
            _("这一页在 {seconds} 秒内没能生成 PDF，请改用“打印”。", seconds=SECONDS), code="print_failed"
        ) from None
    if done.returncode == NOT_INSTALLED:
        sentence = _(
            "这台服务器还不能生成 PDF，请管理员先运行 {install} 和 {system}，或改用“打印”。",
            install=INSTALL,
            system=SYSTEM,
        )
        raise Refused(sentence, code="pdf_unavailable")
    if done.returncode:
        log.error("A page cannot be made a PDF: %s", done.stderr.decode("utf-8", "replace")[-2000:])
        raise Refused(_("这一页没能生成 PDF，请改用“打印”，并告诉管理员。"), code="print_failed")
    return done.stdout
