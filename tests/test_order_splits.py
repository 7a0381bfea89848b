"""Whatever a contract is split into, its orders come to it to the cent, and never beyond its quantities."""

import random
from decimal import Decimal
from typing import Any

import pytest

from crm_plugin import ordering
from lowcode.api import Record
from lowcode.declare.model import Plugin
from tests.orders import context, contract_of, order_of


def random_contract(crm: Plugin, dice: random.Random) -> Record:
    lines = [
        {
            "id": number,
            "product_name": f"产品 {number}",
            "quantity": Decimal(dice.randint(1, 20_000)) / dice.choice((1, 10, 1000)),
            "unit_price": Decimal(dice.randint(0, 10 ** dice.randint(1, 8))) / 10_000,
            "discount_rate": Decimal(dice.choice((0, 0, 500, 1200, 1234, 3333, 9999, 10000))) / 100,
            "tax_rate": Decimal(dice.choice(("13", "9", "6", "7.3", "0"))),
        }
        for number in range(1, dice.randint(2, 5))
    ]
    return contract_of(crm, *lines, rounding_policy=dice.choice(("line", "unit_price")))


def random_part(contract: Record, left: dict[int, Decimal], dice: random.Random) -> list[dict[str, Any]]:
    rows = []
    for line in contract.lines:
        if line.id in left and dice.random() < 0.8:
            share = left[line.id] if dice.random() < 0.4 else Decimal(dice.randint(1, int(left[line.id] * 1000))) / 1000
            rows.append(
                {name: getattr(line, name) for name in ordering.CARRIED} | {"source": line.id, "quantity": share}
            )
    return rows


@pytest.mark.parametrize("seed", range(60))
def test_any_split_of_any_contract_comes_to_it_to_the_cent(crm: Plugin, seed: int) -> None:
    """Orders are made, changed and cancelled in any order; when nothing is left they come to the contract exactly."""
    dice = random.Random(seed)
    contract = random_contract(crm, dice)
    made: list[Record] = []
    for number in range(1, 400):
        live = [each for each in made if each.status != "cancelled"]
        left = ordering.left_of(contract, live)
        if not left:
            break
        if live and dice.random() < (0.2 if number < 60 else 0):
            dice.choice(live).status = "cancelled"
            continue
        rows = random_part(contract, left, dice) if number < 100 else ordering.rows_left(contract, left, context(crm))
        if not rows:
            continue
        record = order_of(crm, *rows, id=number, rounding_policy=contract.rounding_policy)
        assert ordering.quantity_faults(record, contract, live) == {}
        ordering.price(record, contract, live)
        assert all(line.subtotal >= 0 and line.net_amount + line.tax_amount == line.subtotal for line in record.lines)
        assert all(line.gross_amount - line.discount_amount == line.subtotal for line in record.lines)
        made.append(record)
    live = [each for each in made if each.status != "cancelled"]
    taken = ordering.taken_by(live, contract)
    assert all(taken[line.id].quantity == line.quantity for line in contract.lines)
    assert all(taken[line.id].subtotal == line.subtotal for line in contract.lines)
    assert sum(each.total_amount for each in live) == contract.total_amount
