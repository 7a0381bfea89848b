"""Pages of the demo plugin's lists, as tests read them."""

import re
from html import unescape
from typing import Any

from lowcode.testing.client import Api


def page(api: Api, address: str, **headers: str) -> str:
    """Open a page; give its text without the numbers that change from page to page."""
    sent = {**api.credentials, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = api._client.get(address, headers=sent)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def press(api: Api, address: str, **data: Any) -> Any:
    """Post what a form of a page holds."""
    return api._client.post(address, data=data, headers={**api.credentials, "HX-Request": "true"})


def columns(text: str) -> dict[str, str]:
    """Give the markup of each column of a board by its label."""
    found = re.findall(r'<section class="column".*?</section>', text, re.S)
    return {words(re.findall(r"<h2.*?</h2>", each, re.S)[0]): each for each in found}


def words(markup: str) -> str:
    """Give the text of a piece of markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())
