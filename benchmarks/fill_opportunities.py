"""Opportunities for the benchmarks: one for each customer, in all stages."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from benchmarks.rows import START, system

STAGES = ("prospecting", "analysis", "proposal", "negotiation", "won", "lost")
PROBABILITIES = {"prospecting": 10, "analysis": 30, "proposal": 60, "negotiation": 80, "won": 100, "lost": 0}


def opportunities(random: Random, sellers: list[int], count: int) -> Iterator[dict[str, Any]]:
    """Give the rows; every fifth customer is in the pool and has none open."""
    for key in range(1, count + 1):
        stage = STAGES[key % len(STAGES)]
        amount, probability = Decimal(random.randrange(10**4, 10**8)) / 100, PROBABILITIES[stage]
        closed = START + timedelta(days=key % 300) if probability in (0, 100) else None
        yield system(key, sellers[key % len(sellers)], key % 300) | {
            "number": f"SJ2025-{key:08}",
            "name": f"机会 {key}",
            "customer": key,
            "stage": stage,
            "win_probability": probability,
            "expected_amount": amount,
            "weighted_amount": (amount * probability / 100).quantize(Decimal("0.01")),
            "expected_close_date": (START + timedelta(days=key % 600)).date(),
            "closed_at": closed,
            "end_status": stage if closed else None,
            "follow_up_status": False,
            "quotation_count": 0,
        }
