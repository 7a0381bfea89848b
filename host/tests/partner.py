"""Another system for tests: a real server that can be slow, fail, ramble or be away."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Partner:
    """What the server answers next, and what it was asked."""

    url: str
    answers: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0

    def will(self, *answers: Callable[[BaseHTTPRequestHandler], None]) -> None:
        """Answer so, one after the other; the last one from then on."""
        self.answers[:] = answers

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.asked.append((handler.path, dict(handler.headers), body))
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            answer(handler)
        finally:
            self._at_once -= 1


def say(status: int = 200, body: Any = None, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer with a status and JSON, or with bytes."""
    content = body if isinstance(body, bytes) else json.dumps({"id": 7} if body is None else body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Send one byte of the head after the other, for ever."""
    for _number in range(100):
        handler.wfile.write(b"H")
        time.sleep(0.05)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def wait(seconds: float) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer late."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        say()(handler)

    return answer


@contextmanager
def serving() -> Iterator[Partner]:
    """Start the server."""
    partner = Partner("", [say()])

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            try:
                partner.serve(self)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815 (names of the standard library)

        def log_message(self, format: str, *args: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    partner.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield partner
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
