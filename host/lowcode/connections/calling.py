"""Making a call to another system: bounded in time and size, tried again when that may help, never raising."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx

from lowcode.connections.messages import Answer, Call
from lowcode.i18n import _
from lowcode.version import HOST_API

TRIES = 3
CONNECT_SECONDS = 5.0
MOST_SECONDS = 60.0
"""How long one try takes at most, whatever the call says."""

BACK_OFF = (0.5, 2.0)
MOST_WAITING = 10.0
"""How long is waited between tries at most, whatever the other system asks for."""

logging.getLogger("httpx").setLevel(logging.WARNING)  # below it whole addresses are logged, with what is secret in them

AGAIN = frozenset({429, 502, 503, 504})
MOST_BYTES = 1024 * 1024
SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True)
class Done:
    """How a call ended, after how many tries; `message` with `values` is a sentence to translate."""

    answer: Answer
    message: str
    values: Mapping[str, str] = field(default_factory=dict)
    tries: int = 1
    wait: float | None = None
    """The seconds to wait where another try may help."""

    @property
    def has_failed(self) -> bool:
        """Whether the other system is not there, or does not do its work."""
        status = self.answer.status
        return bool(self.tries) and (status is None or status == 429 or status >= 500)


class _TooMuch(Exception):
    """The other system does not come to an end."""


def make(call: Call, *, sleep: Callable[[float], object] = time.sleep) -> Done:
    """Make a call; faults are answers too, with a sentence."""
    try:
        request = _request(call)
    except (httpx.InvalidURL, ValueError, TypeError, AttributeError) as fault:
        return replace(_unsendable(fault), tries=0)
    done = _run(request, call.timeout)
    for tries in range(2, TRIES + 1):
        if done.wait is None:
            break
        sleep(min(max(done.wait, BACK_OFF[tries - 2]), MOST_WAITING))
        done = replace(_run(request, call.timeout), tries=tries)
    return done


def _run(request: httpx.Request, seconds: float) -> Done:
    """Make one try in a thread of its own: that of the caller may run an event loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _try(request, seconds)).result()


def _unsendable(fault: Exception) -> Done:
    """Tell what kind of fault it is; its text may quote a header."""
    return _failed("请求无法发出，请检查地址、请求头和内容（{kind}）。", kind=type(fault).__name__)


def _failed(message: str, *, may_help: bool = False, **values: str) -> Done:
    return Done(Answer(None, error=_(message, **values)), message, values, wait=0.0 if may_help else None)


def _request(call: Call) -> httpx.Request:
    """Put the request together. Raises ValueError for what cannot be called."""
    url = httpx.URL(call.url)
    if url.scheme not in SCHEMES or not url.host:
        raise ValueError("An address begins with http:// or https:// and names a host.")
    if any(mark in value for value in call.headers.values() for mark in "\r\n\0"):
        raise ValueError("A header is one line.")
    headers = {"User-Agent": f"lowcode/{HOST_API}", **call.headers}
    body: dict[str, Any] = {"json": call.json} if call.json is not None else {}
    if isinstance(call.data, bytes | str):
        body = {"content": call.data}
    elif call.data is not None:
        body = {"data": dict(call.data)}
    return httpx.Request(call.method.upper(), url.copy_merge_params(dict(call.params)), headers=headers, **body)


async def _try(request: httpx.Request, seconds: float) -> Done:
    """Try once, within a time for the whole of it."""
    limit = min(max(seconds, 0.1), MOST_SECONDS)
    times = httpx.Timeout(limit, connect=min(limit, CONNECT_SECONDS))
    try:
        async with asyncio.timeout(limit), httpx.AsyncClient(timeout=times, verify=_trusted()) as client:
            return await _read(client, request)
    except (TimeoutError, httpx.TimeoutException):
        return _failed("对方在 {seconds} 秒内没有答复。", may_help=True, seconds=f"{limit:g}")
    except httpx.LocalProtocolError as fault:
        return replace(_unsendable(fault), tries=0)
    except httpx.TransportError as fault:
        return _failed("无法连接对方：{fault}", may_help=True, fault=str(fault) or type(fault).__name__)
    except _TooMuch:
        return _failed("对方答复的内容超过 {size} MB。", size=str(MOST_BYTES // 1024**2))
    except httpx.HTTPError as fault:
        return _failed("对方的答复无法读取：{fault}", fault=str(fault) or type(fault).__name__)


@cache
def _trusted() -> ssl.SSLContext:
    """Read the authorities that certificates are checked against once."""
    return httpx.create_ssl_context()


async def _read(client: httpx.AsyncClient, request: httpx.Request) -> Done:
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        body = b""
        async for part in response.aiter_bytes():
            body += part
            if len(body) > MOST_BYTES:
                raise _TooMuch
    finally:
        await response.aclose()
    wait = _retry_after(response.headers.get("Retry-After", "")) if response.status_code in AGAIN else None
    message = "对方已答复。" if response.is_success else "对方以状态 {status} 答复。"
    return Done(Answer(response.status_code, body), message, {"status": str(response.status_code)}, wait=wait)


def _retry_after(header: str) -> float:
    """Read how long the other system asks to wait: seconds or a date; 0 for anything else."""
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        return max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0)
    except ValueError:
        return 0.0
