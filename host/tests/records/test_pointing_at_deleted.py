"""Nobody deletes what somebody else is about to point at."""

import threading
from collections.abc import Sequence
from typing import Any

import library
import pytest

from lowcode.errors import Fault
from lowcode.platform import Platform
from lowcode.records import deleting, saving
from lowcode.testing.client import Api


@pytest.fixture(scope="session")
def plugin_modules() -> Sequence[str]:
    return library.MODULES


def test_a_deletion_waits_for_a_record_that_points_at_it(platform: Platform, api: Api) -> None:
    """One transaction has saved a loan of an item and not yet committed; the item cannot go in the meantime."""
    item = library.item(api)
    line = {"item": item["id"], "title": "显微镜", "quantity": 1, "price": "1"}
    payload = library.loan_payload(api, lines=[line])
    saved, refusals = threading.Event(), []

    def delete() -> None:
        saved.wait(10)
        try:
            platform.writing(api.user, lambda ctx: deleting.delete(ctx, platform.forms["item"], item["id"], 1))
        except Fault as fault:
            refusals.append(fault.code)

    def borrow(ctx: Any) -> None:
        saving.create(ctx, platform.forms["loan"], payload)
        saved.set()
        deleter.join(0.5)
        assert deleter.is_alive(), "The deletion did not wait."

    deleter = threading.Thread(target=delete)
    deleter.start()
    platform.writing(api.user, borrow)
    deleter.join(30)
    assert refusals == ["delete_refused"]
