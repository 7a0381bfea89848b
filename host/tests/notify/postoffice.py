"""A real SMTP server that notes what it takes, and can refuse, tarry and be closed."""

import asyncio
import socket
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Postoffice:
    """What it has taken, and how it behaves."""

    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    """What it answers to a recipient instead of taking him."""
    tarries: float = 0.0
    """Seconds between having taken a mail and saying so."""
    hangs_up: bool = False
    """Whether it takes no mail and breaks the connection instead."""
    connections: int = 0
    in_flight: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    _controller: Controller | None = None

    def open(self) -> None:
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def close(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def recipients(self) -> list[str]:
        return [recipient for recipient, _message in self.taken]

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: Any) -> Any:  # noqa: N802
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.hangs_up:
            server.transport.close()
            return "421 Good-bye"
        message = message_from_bytes(envelope.content, _class=EmailMessage, policy=default)
        self.taken += [(recipient, message) for recipient in envelope.rcpt_tos]
        self.in_flight.set()
        await asyncio.sleep(self.tarries)
        return "250 Taken"
