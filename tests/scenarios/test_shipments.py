"""Shipments over HTTP: the customer's chapter 物流单管理, quantities held to the order, and the order that follows."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from lowcode.testing.client import Answer, Api
from lowcode.testing.watching import nothing_written
from tests.scenarios.selling import page
from tests.scenarios.trading import LINES, Company, act, effective_by_rules, found, order, read, today

KEYS = {"kuaidi100_customer": "ABC", "kuaidi100_key": "secret"}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def confirmed(company: Company) -> dict[str, Any]:
    """Give a confirmed order of 3 and 10."""
    made = order(company, effective_by_rules(company, lines=LINES))
    act(company, "seller", "order", made["id"], "confirm").expect(200)
    return read(company, "order", made["id"])


def ship(
    company: Company, made: Mapping[str, Any], tracking_no: str, *rows: Mapping[str, Any], **values: Any
) -> Answer:
    params = {"courier": "shunfeng", "tracking_no": tracking_no, "lines": list(rows), **values}
    return act(company, "seller", "order", made["id"], "ship", **params)


def save(company: Company, made: Mapping[str, Any], tracking_no: str, who: str = "seller", **values: Any) -> Answer:
    body = {"order": made["id"], "courier": "shunfeng", "tracking_no": tracking_no, **values}
    return company[who].post("/forms/shipment/records", body)


def row(made: Mapping[str, Any], quantity: Any, index: int = 0) -> dict[str, Any]:
    return {"source": made["lines"][index]["id"], "quantity": quantity}


def change(company: Company, shipment: Mapping[str, Any], **values: Any) -> Answer:
    version = read(company, "shipment", shipment["id"])["version"]
    return company["seller"].patch(f"/forms/shipment/records/{shipment['id']}", values, version)


def state(company: Company, made: Mapping[str, Any]) -> tuple[str, str, list[str]]:
    now = read(company, "order", made["id"])
    return now["status"], now["shipping_status"], [line["shipped_quantity"] for line in now["lines"]]


def test_the_button_of_an_order_adds_shipments_and_shows_them(company: Company) -> None:
    """物流单管理: 操作 opens what has been shipped and what is left; a part, then all the rest."""
    made = confirmed(company)
    address = f"/forms/order/records/{made['id']}/actions/ship"
    proposed = company["seller"].get(address).expect(200)["values"]
    assert [each["quantity"] for each in proposed["lines"]] == ["3.000", "10.000"]
    assert proposed["ship_date"] == f"{today(company)}"
    opened = ship(company, made, "SF1001", row(made, 1), freight="12.50").expect(200)["open"]
    first = read(company, "shipment", opened["id"], "seller")
    assert [(line["product_name"], line["quantity"]) for line in first["lines"]] == [("边缘网关", "1.000")]
    assert (first["receiver_name"], first["freight"], first["status"]) == ("陈工", "12.50", "pending")
    assert first["number"].startswith("WL")
    assert state(company, made) == ("part_shipped", "partial", ["1.000", "0.000"])
    ship(company, made, "SF1002").expect(200)
    assert state(company, made) == ("shipped", "shipped", ["3.000", "10.000"])
    assert ship(company, made, "SF1003").expect(422)["code"] == "nothing_left"
    shown = company["seller"].get("/forms/shipment/records", order=made["id"]).expect(200)["items"]
    assert {each["tracking_no"] for each in shown} == {"SF1001", "SF1002"}


def test_when_all_is_signed_for_the_order_is_done(company: Company) -> None:
    made = confirmed(company)
    parcels = [
        ship(company, made, f"SF200{n}", *rows).expect(200)["open"] for n, rows in enumerate(([row(made, 3)], []))
    ]
    for parcel, expected in zip(parcels, ("shipped", "completed"), strict=True):
        act(company, "seller", "shipment", parcel["id"], "sign", signer="陈工").expect(200)
        assert read(company, "order", made["id"])["status"] == expected
    signed = read(company, "shipment", parcels[0]["id"])
    assert (signed["status"], signed["signer"], signed["signed_at"] is not None) == ("signed", "陈工", True)
    assert read(company, "order", made["id"])["shipping_status"] == "signed"
    kept = company["seller"].delete(f"/forms/shipment/records/{signed['id']}", signed["version"]).expect(422)
    assert kept["code"] == "delete_refused"
    assert change(company, signed, status="in_transit").expect(422)["code"] == "order_completed"
    assert change(company, signed, remark="回单已归档").status == 200


def test_a_paid_contract_is_done_with_its_last_order(company: Company) -> None:
    contract = effective_by_rules(company, lines=LINES, prepay_ratio=100)
    made = order(company, contract)
    act(company, "seller", "order", made["id"], "confirm").expect(200)
    parcel = ship(company, made, "SF2101").expect(200)["open"]
    paid = {"received_amount": Decimal(contract["total_amount"])}
    company.platform.as_system(lambda ctx: ctx.forms.contract.update(contract["id"], paid))
    act(company, "seller", "shipment", parcel["id"], "sign").expect(200)
    assert read(company, "contract", contract["id"])["status"] == "completed"


def test_tracks_are_kept_by_hand_and_move_the_parcel_on(company: Company) -> None:
    """添加完成后可以随时跟踪每个物流的详情."""
    parcel = read(company, "shipment", ship(company, confirmed(company), "SF3001").expect(200)["open"]["id"])
    track = {"at": "2026-01-05T02:15:00Z", "location": "上海", "description": "快件已揽收", "status": "picked"}
    changed = change(company, parcel, tracks=[track]).expect(200)
    (kept,) = changed["tracks"]
    assert (kept["description"], kept["track_source"], changed["status"]) == ("快件已揽收", "manual", "picked")
    assert change(company, parcel, status="in_transit").expect(200)["status"] == "in_transit"


def test_more_than_the_order_is_refused_and_nothing_is_written(company: Company) -> None:
    made = confirmed(company)
    ship(company, made, "SF4001", row(made, 2)).expect(200)
    with nothing_written(company.platform):
        refused = ship(company, made, "SF4002", row(made, 1, 1), row(made, 2)).expect(422)
        direct = save(company, made, "SF4002", lines=[row(made, "1.001")]).expect(422)
        foreign = save(company, made, "SF4002", lines=[{"product_name": "支架", "quantity": 1}]).expect(422)
        preview = company["seller"].post(
            "/forms/shipment/preview", {"order": made["id"], "lines": [row(made, 2)]}, changed="lines.0.quantity"
        )
    assert (refused["code"], list(refused["errors"])) == ("over_order_quantity", ["lines.1.quantity"])
    assert (direct["code"], list(direct["errors"])) == ("over_order_quantity", ["lines.0.quantity"])
    assert list(foreign["errors"]) == ["lines.0.product_name"]
    assert "lines.0.quantity" in preview.expect(200)["errors"]
    assert state(company, made) == ("part_shipped", "partial", ["2.000", "0.000"])


def test_a_tracking_number_is_registered_once(company: Company) -> None:
    made, other = confirmed(company), confirmed(company)
    ship(company, made, "SF5001", row(made, 1)).expect(200)
    for answer in (ship(company, other, "SF5001"), save(company, made, "SF5001"), save(company, other, "SF5001")):
        assert (answer.status, answer.json["code"], list(answer.errors)) == (409, "duplicate", ["tracking_no"])
    save(company, made, "SF5001", courier="ems", lines=[row(made, 1)]).expect(201)


def test_the_order_follows_edits_deletions_and_what_comes_back(company: Company) -> None:
    made = confirmed(company)
    first = read(company, "shipment", ship(company, made, "SF6001").expect(200)["open"]["id"])
    lines = [{"id": line["id"], "quantity": line["quantity"]} for line in first["lines"]]
    change(company, first, lines=lines[:1]).expect(200)
    assert state(company, made) == ("part_shipped", "partial", ["3.000", "0.000"])
    second = save(company, made, "SF6002").expect(201)
    assert state(company, made)[0] == "shipped"
    change(company, second, status="returned").expect(200)
    assert state(company, made) == ("part_shipped", "partial", ["3.000", "0.000"])
    version = read(company, "shipment", first["id"])["version"]
    company["seller"].delete(f"/forms/shipment/records/{first['id']}", version).expect(204)
    assert state(company, made) == ("confirmed", "none", ["0.000", "0.000"])
    save(company, made, "SF6003").expect(201)
    restored = company["seller"].post(f"/forms/shipment/records/{first['id']}/restore", {}).expect(422)
    assert restored["code"] == "over_order_quantity"
    assert change(company, second, status="in_transit").expect(422)["code"] == "over_order_quantity"
    assert state(company, made) == ("shipped", "shipped", ["3.000", "10.000"])


def test_an_order_with_shipments_is_not_cancelled(company: Company) -> None:
    made = confirmed(company)
    ship(company, made, "SF7001", row(made, 1)).expect(200)
    assert act(company, "head", "order", made["id"], "cancel", reason="改期").expect(422)["code"] == "not_allowed_now"


def test_only_a_confirmed_order_of_ones_own_is_shipped(company: Company) -> None:
    made = order(company, effective_by_rules(company, lines=LINES))
    assert "order" in save(company, made, "SF8001").expect(422)["errors"]
    act(company, "seller", "order", made["id"], "confirm").expect(200)
    assert save(company, made, "SF8001", "other_seller").status == 422
    for who in ("finance", "service", "exec"):
        assert save(company, made, "SF8001", who).status == 403
    parcel = save(company, made, "SF8001").expect(201)
    assert company["service"].get(f"/forms/shipment/records/{parcel['id']}").status == 200
    assert company["other_seller"].get(f"/forms/shipment/records/{parcel['id']}").status == 404


def test_the_courier_is_asked_where_that_is_set_up(company: Company) -> None:
    made = confirmed(company)
    known = save(company, made, "SF9001", lines=[row(made, 1)]).expect(201)
    other = save(company, made, "自送一", courier="other", lines=[row(made, 1)]).expect(201)
    refused = act(company, "service", "shipment", known["id"], "track").expect(422)
    assert refused["code"] == "tracking_not_set_up"
    company["admin"].put("/apps/crm/settings", KEYS).expect(200)
    try:
        act(company, "service", "shipment", known["id"], "track").expect(200)
        assert read(company, "shipment", known["id"])["next_track_at"] is not None
        refused = act(company, "service", "shipment", other["id"], "track").expect(422)
        assert refused["code"] == "courier_not_tracked"
        assert save(company, made, "SF9002", lines=[row(made, 1)]).expect(201)["next_track_at"] is not None
    finally:
        company["admin"].put("/apps/crm/settings", dict.fromkeys(KEYS)).expect(200)


def test_the_dialog_of_the_list_shows_what_was_shipped_and_asks_for_the_next(company: Company) -> None:
    """The row's button is 操作; its dialog lists the shipments with their numbers above the fields."""
    made = confirmed(company)
    ship(company, made, "SF9901", row(made, 1)).expect(200)
    assert "操作" in page(company, "seller", "/f/order/all")
    dialog = page(company, "seller", f"/f/order/{made['id']}/do/ship")
    assert "物流单管理" in dialog
    assert "SF9901" in dialog
    assert "采集模块" in dialog
    proposed = page(company, "seller", f"/f/contract/{made['contract']['id']}/do/make_order")
    assert "新建订单" in proposed
