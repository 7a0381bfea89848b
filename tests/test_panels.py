"""Funnel and forecast as functions: what they count of any opportunities."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_plugin import panels
from lowcode.declare.model import Plugin
from tests.deals import ENDS, OPEN, TODAY, context, deal, saved

DEALS = st.lists(
    st.tuples(
        st.sampled_from([*OPEN, *ENDS]),
        st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100),
        st.integers(0, 100),
        st.integers(-40, 400),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(made=DEALS)
def test_forecast_and_funnel_count_what_is_lost_at_nothing(
    crm: Plugin, made: list[tuple[str, Decimal, int, int]]
) -> None:
    records = [
        deal(crm, id=number, stage=stage, expected_amount=amount, win_probability=percent,
             expected_close_date=TODAY + timedelta(days=days))
        for number, (stage, amount, percent, days) in enumerate(made, 1)
    ]  # fmt: skip
    ctx = context(crm)
    ctx = context(crm, *(saved(crm, ctx, record) for record in records))
    funnel = panels.panel_funnel({}, ctx)
    rows = {row["stage"]: row for row in funnel["stages"]}
    assert [*rows] == [*OPEN, *ENDS]
    assert {rows[stage]["weighted"] for stage in ("lost", "invalid")} == {"0.00"}
    assert rows["won"]["weighted"] == rows["won"]["amount"] == funnel["won"]["amount"]
    forecast = panels.panel_forecast({}, ctx)
    assert [row["month"] for row in forecast["months"]] == [
        *("2026-11", "2026-12"), *(f"2027-{month:02}" for month in range(1, 11)),
    ]  # fmt: skip
    within = [
        record
        for record in records
        if date(2026, 11, 1) <= record.expected_close_date < date(2027, 11, 1)
        and record.stage not in {"lost", "invalid"}
    ]
    total = forecast["total"]
    assert total["count"] == len(within)
    assert Decimal(total["weighted"]) == sum((record.weighted_amount for record in within), Decimal(0))
    assert Decimal(total["won"]) == sum((r.expected_amount for r in within if r.stage == "won"), Decimal(0))
    assert Decimal(total["amount"]) == sum((Decimal(row["amount"]) for row in forecast["by_owner"]), Decimal(0))


@pytest.mark.parametrize(
    ("won", "lost", "rate"), [(0, 0, None), (4238, 2473, "63.15"), (1, 0, "100.00"), (0, 5, "0.00"), (1, 2, "33.33")]
)
def test_the_win_rate_is_of_what_was_decided(won: int, lost: int, rate: str | None) -> None:
    assert panels._rate(won, won + lost) == rate
