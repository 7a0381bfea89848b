"""Instants in the business time zone; also those so near to the ends of the calendar that no other zone has them."""

from datetime import UTC, date, datetime, time, tzinfo


def local(instant: datetime, zone: tzinfo) -> datetime:
    """Give an instant in a time zone, in UTC where the calendar ends before it."""
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return instant


def written(instant: datetime, zone: tzinfo) -> str:
    """Write an instant in a time zone for people, `2026-11-23 10:15`."""
    return local(instant, zone).replace(tzinfo=None).isoformat(" ", "minutes")


def start(day: date, zone: tzinfo) -> datetime:
    """Give the instant at which a day begins in a time zone, in UTC where the calendar begins later."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return datetime.combine(day, time(), UTC)
