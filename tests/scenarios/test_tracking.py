"""The kuaidi100 client against a local server that speaks the provider's protocol and checks its signature."""

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from lowcode.testing import ask
from lowcode.testing.client import Api
from tests.scenarios.trading import Company, act_on, effective_by_rules, found, order, read

CUSTOMER, KEY = "B0AA1C2D", "xkQsPZrE4321"
STEPS = [
    {"time": "2026-11-22 20:10:05", "context": "已到达上海转运中心", "location": "上海"},
    {"time": "2026-11-22 09:00:00", "ftime": "2026-11-22 09:00:00", "context": "已揽收"},
]


@dataclass
class Provider:
    """The provider: it answers what is signed rightly, and counts."""

    url: str = ""
    states: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_away: bool = False

    def answer(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        signed = hashlib.md5((form["param"] + KEY + form["customer"]).encode()).hexdigest().upper()
        if form["customer"] != CUSTOMER or form["sign"] != signed:
            return 200, {"result": False, "returnCode": "503", "message": "验证签名失败"}
        param = json.loads(form["param"])
        self.asked.append(param["num"])
        if self.is_away:
            return 503, {}
        state = self.states.get(param["num"], "0")
        head = {"message": "ok", "nu": param["num"], "com": param["com"], "status": "200", "state": state}
        return 200, head | {"data": STEPS}


@pytest.fixture
def provider() -> Iterator[Provider]:
    served = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, said = served.answer({name: values[0] for name, values in parse_qs(body).items()})
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}/poll/query.do"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def set_up(company: Company, provider: Provider, key: str = KEY) -> None:
    values = {"kuaidi100_url": provider.url, "kuaidi100_customer": CUSTOMER, "kuaidi100_key": key}
    company["admin"].call("PUT", "/apps/crm/settings", values).expect(200)


def parcel(company: Company, number: str) -> dict[str, Any]:
    made = order(company, effective_by_rules(company))
    act_on(company, "seller", made, "confirm", "order").expect(200)
    sent = {"courier": "shunfeng", "tracking_no": number, "ship_date": "2026-11-22"}
    opened = act_on(company, "seller", made, "ship", "order", **sent).expect(200)["open"]
    return read(company, "shipment", opened["id"])


def test_the_way_of_a_parcel_is_asked_for_until_it_is_signed(company: Company, provider: Provider) -> None:
    set_up(company, provider)
    shipment = parcel(company, "SF100")
    assert ask(company.platform, "crm", "kuaidi100") == 1
    shown = read(company, "shipment", shipment["id"])
    assert [each["description"] for each in shown["tracks"]] == ["已揽收", "已到达上海转运中心"]
    assert (shown["status"], shown["track_failures"]) == ("in_transit", 0)
    assert ask(company.platform, "crm", "kuaidi100") == 0, "It is asked again before the time."
    provider.states["SF100"] = "3"
    assert ask(company.platform, "crm", "kuaidi100", now=datetime.now(UTC) + timedelta(hours=5)) == 1
    shown = read(company, "shipment", shipment["id"])
    assert (shown["status"], shown["next_track_at"], len(shown["tracks"])) == ("signed", None, 2)
    assert read(company, "order", shipment["order"]["id"])["shipping_status"] == "signed"
    assert ask(company.platform, "crm", "kuaidi100", now=datetime.now(UTC) + timedelta(days=2)) == 0
    assert provider.asked == ["SF100", "SF100"]


def test_a_provider_that_is_away_costs_nothing_but_time(company: Company, provider: Provider) -> None:
    set_up(company, provider)
    provider.is_away = True
    shipment = parcel(company, "SF300")
    assert ask(company.platform, "crm", "kuaidi100") == 1
    shown = read(company, "shipment", shipment["id"])
    assert (shown["status"], shown["track_failures"]) == ("pending", 1)
    provider.is_away = False
    later = datetime.now(UTC) + timedelta(minutes=20)
    assert ask(company.platform, "crm", "kuaidi100", now=later) == 1
    assert read(company, "shipment", shipment["id"])["status"] == "in_transit"


def test_a_wrong_key_is_told_and_asked_with_again_later(company: Company, provider: Provider) -> None:
    set_up(company, provider, key="wrong")
    shipment = parcel(company, "SF200")
    assert ask(company.platform, "crm", "kuaidi100") == 1
    shown = read(company, "shipment", shipment["id"])
    assert (shown["status"], shown["track_failures"], shown["tracks"]) == ("pending", 1, [])
    assert "验证签名失败" in shown["track_message"]
    assert provider.asked == []
