"""The query protocol of kuaidi100.com: how a question is signed, and what an answer says.

A question is a POST with the fields `customer`, `param` (JSON) and `sign`, the upper-case hexadecimal MD5 of
`param + key + customer`. An answer is JSON: with `"status": "200"` it holds `state` and, newest first, `data`.
Source: the provider's manual of the real-time query, https://api.kuaidi100.com/document (实时快递查询).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

STATES = {
    "0": "in_transit",
    "1": "picked",
    "2": "exception",
    "3": "signed",
    "4": "returned",
    "5": "delivering",
    "6": "returned",
    "7": "in_transit",
    "8": "in_transit",
    "14": "returned",
}
"""What the provider's `state` means; of the longer codes the first digits say the same."""

LONGEST = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a parcel's way."""

    at: datetime
    description: str
    location: str | None


@dataclass(frozen=True, slots=True)
class Tracks:
    """What an answer tells: the parcel's state, None when it is unknown, and its steps, oldest first."""

    status: str | None
    steps: tuple[Step, ...]


class Unanswered(Exception):
    """The provider answered, but not with tracks; the text is its own or says what was wrong."""


def form_of(courier: str, tracking_no: str, phone: str | None, customer: str, key: str) -> dict[str, str]:
    """Give the fields of a question. `courier` is the provider's code; some couriers ask for the phone number."""
    asked = {"com": courier, "num": tracking_no, "resultv2": "0", "show": "0", "order": "desc"}
    if phone:
        asked["phone"] = phone
    param = json.dumps(asked, ensure_ascii=False, separators=(",", ":"))
    return {"customer": customer, "param": param, "sign": signature(param, key, customer)}


def signature(param: str, key: str, customer: str) -> str:
    """Sign a question as the provider demands; MD5 is its choice, not ours."""
    return hashlib.md5((param + key + customer).encode(), usedforsecurity=False).hexdigest().upper()


def read(body: Any, zone: tzinfo) -> Tracks:
    """Read an answer; its times are of `zone`. Raises Unanswered."""
    if not isinstance(body, Mapping):
        raise Unanswered("The answer is no JSON object.")
    if str(body.get("status")) != "200" or not isinstance(body.get("data"), list):
        raise Unanswered(str(body.get("message") or body.get("returnCode") or "no data")[:LONGEST])
    state = str(body.get("state", ""))
    steps = sorted((_step(each, zone) for each in body["data"]), key=lambda step: step.at)
    return Tracks(STATES.get(state) or STATES.get(state[:1]), tuple(steps))


def _step(given: Any, zone: tzinfo) -> Step:
    try:
        local = datetime.strptime(str(given.get("ftime") or given["time"]), "%Y-%m-%d %H:%M:%S")
        description = str(given["context"])[:LONGEST]
    except (AttributeError, KeyError, ValueError) as fault:
        raise Unanswered(f"A step cannot be read: {fault}"[:LONGEST]) from fault
    location = given.get("location") or given.get("areaName")
    return Step(local.replace(tzinfo=zone).astimezone(UTC), description, str(location)[:100] if location else None)
