"""Telling people: in the platform (the bell) and by mail, in the transaction of what they are told of."""

from lowcode.notify.bell import send
from lowcode.notify.outbox import mail

__all__ = ["mail", "send"]
