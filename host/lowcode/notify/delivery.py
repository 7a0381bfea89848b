"""Sending what the outbox holds, over one SMTP connection for many mails."""

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr

from lowcode.mailserver import MailServer
from lowcode.notify import outbox
from lowcode.notify.outbox import Letter
from lowcode.platform import Platform

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 20
"""For each answer of the server; a mail takes at most five of them, which is within its lease."""

MOST_PER_CONNECTION = 50
FOR_GOOD = 500
"""SMTP codes from here on say that trying again is of no use."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


def deliver(platform: Platform, clock: Clock = utc_now, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send all mails that are due, unless the process has to stop; give how many the server took.

    The connection is made before a mail is claimed: while the server cannot be reached, mails only wait.
    """
    server, sent = platform.config.smtp, 0
    while server is not None and not is_stopping() and outbox.has_due(platform.db, clock()):
        try:
            connection = connect(server)
        except (OSError, smtplib.SMTPException) as fault:
            log.warning("The SMTP server %s:%s cannot be used: %s", server.host, server.port, fault)
            outbox.note_unreachable(platform.db, clock(), _reason(fault))
            break
        try:
            sent += _send_some(platform, connection, clock, is_stopping)
        finally:
            _hang_up(connection)
    return sent


def connect(server: MailServer) -> smtplib.SMTP:
    """Open a connection on which mails can be sent. Raises OSError or SMTPException."""
    if server.is_tls:
        context = ssl.create_default_context()
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.ehlo_or_helo_if_needed()
        if server.has_starttls:
            connection.starttls(context=ssl.create_default_context())
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _send_some(platform: Platform, connection: smtplib.SMTP, clock: Clock, is_stopping: Callable[[], bool]) -> int:
    """Send what is due until nothing is, the connection breaks, or it has served long enough."""
    sent = 0
    for _number in range(MOST_PER_CONNECTION):
        if is_stopping():
            break
        letter = outbox.claim(platform.db, clock())
        if letter is None:
            break
        sent += _send(platform, connection, letter, clock)
        if connection.sock is None:
            break
    return sent


def _send(platform: Platform, connection: smtplib.SMTP, letter: Letter, clock: Clock) -> bool:
    """Send one mail and note how it went; tell whether the server took it."""
    try:
        message = compose(platform.config.mail_from, letter, clock())
        connection.send_message(message, parseaddr(platform.config.mail_from)[1], [letter.recipient])
    except smtplib.SMTPRecipientsRefused as fault:
        code, _text = fault.recipients[letter.recipient]
        for_good = code >= FOR_GOOD
        error = _reason(fault)
    except smtplib.SMTPResponseException as fault:
        for_good, error = fault.smtp_code >= FOR_GOOD, _reason(fault)
    except (ValueError, smtplib.SMTPNotSupportedError) as fault:  # no server would take it
        for_good, error = True, _reason(fault)
    except (OSError, smtplib.SMTPException) as fault:  # what the server made of it is unknown
        connection.close()
        for_good, error = False, _reason(fault)
    else:
        outbox.mark_sent(platform.db, letter, clock())
        return True
    log.warning("Mail %s was not sent: %s", letter.id, error)
    outbox.mark_refused(platform.db, letter, clock(), error, for_good=for_good)
    return False


def compose(sender: str, letter: Letter, now: datetime) -> EmailMessage:
    """Make the message. Each attempt has the same Message-ID, so that a receiver recognises a second copy."""
    seed = f"{letter.event}\n{letter.id}\n{letter.created_at.isoformat()}"
    domain = parseaddr(sender)[1].rpartition("@")[2]
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = sender
    message["To"] = letter.recipient
    message["Subject"] = letter.subject
    message["Date"] = now
    message["Message-ID"] = f"<{hashlib.sha256(seed.encode()).hexdigest()[:40]}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    return message


def _reason(fault: Exception) -> str:
    """Say in the server's words what was wrong."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        return _answer(*next(iter(fault.recipients.values())))
    if isinstance(fault, smtplib.SMTPResponseException):
        return _answer(fault.smtp_code, fault.smtp_error)
    return f"{type(fault).__name__}: {fault}"


def _answer(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"


def _hang_up(connection: smtplib.SMTP) -> None:
    with suppress(OSError, smtplib.SMTPException):
        connection.quit()
    connection.close()
