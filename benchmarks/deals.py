"""Contracts by their number: each with everything that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import cached_property
from typing import Any

from benchmarks.rows import line

ROWS = 10
CYCLE = 7
"""A contract has had as many rows paid as its number leaves when divided by this; every third one part of another."""

ZERO, CENT = Decimal("0.00"), Decimal("0.01")
Row = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """What contracts are made of: who sells what to how many, and until when."""

    sellers: Sequence[int]
    departments: dict[int, int | None]
    products: Sequence[Row]
    customers: int
    today: date


@dataclass(frozen=True)
class Deal:
    """A contract by its number, with everything that follows from it."""

    key: int
    source: Source

    @cached_property
    def customer(self) -> int:
        """Give the buyer, who is not one of those in the pool."""
        key = self.key % self.source.customers or self.source.customers
        return key + 1 if key % 5 == 1 else key

    @cached_property
    def owner(self) -> int:
        """Give who looks after the customer."""
        return self.source.sellers[self.customer % len(self.source.sellers)]

    @property
    def department(self) -> int | None:
        """Give where the owner works."""
        return self.source.departments[self.owner]

    @cached_property
    def signed(self) -> date:
        """Give the day it took effect, a month to two years ago."""
        return self.source.today - timedelta(days=30 + self.key * 37 % 700)

    @property
    def paid_on(self) -> date:
        """Give the day on which the money came in."""
        return self.signed + timedelta(days=self.key % 30)

    @cached_property
    def line(self) -> Row:
        """Give the only line."""
        products = self.source.products
        return line(self.key, 0, products[self.key % len(products)], Decimal(100 + self.key % 90), ZERO)

    @cached_property
    def planned(self) -> list[Decimal]:
        """Divide the total into the rows of the plan."""
        total = self.line["subtotal"]
        part = (total / ROWS).quantize(CENT, ROUND_DOWN)
        return [*[part] * (ROWS - 1), total - part * (ROWS - 1)]

    @cached_property
    def paid(self) -> list[Decimal]:
        """Give what came in for each row."""
        whole = self.key % CYCLE
        paid = [*self.planned[:whole], *[ZERO] * (ROWS - whole)]
        if self.key % 3 == 0:
            paid[whole] = (self.planned[whole] / 2).quantize(CENT, ROUND_DOWN)
        return paid

    @cached_property
    def received(self) -> Decimal:
        """Give what came in in all."""
        return sum(self.paid, ZERO)

    def due(self, index: int) -> date:
        """Give the day on which a row is due."""
        return self.signed + timedelta(days=45 * index)
