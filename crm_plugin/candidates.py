"""Which customers the rules of the pool concern on a day: found by the database, judged by `pool`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm_plugin.pool import Facts, Rules, Verdict, due, facts_of
from lowcode.api import Context, Record

CHUNK = 200
MOST_OPPORTUNITIES = 100_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A customer with what the rules say of it on a day."""

    customer: Record
    facts: Facts
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Query:
    """A part of the customers that may be due: owned since before an instant, and not followed since another."""

    owned_before: datetime
    followed_before: datetime | None = None
    never_followed: bool = False

    @property
    def condition(self) -> dict[str, Any]:
        """The same as a condition of the database."""
        found: dict[str, Any] = {"owner__isnull": False, "owner_at__lt": self.owned_before}
        if self.never_followed:
            found["last_follow_at__isnull"] = True
        if self.followed_before is not None:
            found["last_follow_at__lt"] = self.followed_before
        return found

    def covers(self, customer: Record) -> bool:
        """Tell whether it finds an owned customer."""
        if customer.owner_at >= self.owned_before or (self.never_followed and customer.last_follow_at is not None):
            return False
        followed = customer.last_follow_at
        return self.followed_before is None or (followed is not None and followed < self.followed_before)


def queries_of(rules: Rules, day: date, zone: ZoneInfo) -> list[Query]:
    """Give the queries that together find every customer that may be due on a day, by the index they can use."""
    queries: list[Query] = []
    for rule, limit in rules.limits.items() if rules.is_active else ():
        before = midnight(day - timedelta(limit.smallest or 0), zone)
        if rule == "follow":
            queries += [Query(before, never_followed=True), Query(before, followed_before=before)]
        else:
            queries.append(Query(before))
    return queries


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Give the instant at which a day begins."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def read(query: Query, rules: Rules, after: int, ctx: Context) -> list[Record]:
    """Read the next customers of a query, in the order of their ids."""
    exempt: dict[str, Any] = {} if rules.with_deal else {"deal_status__ne": True}
    if not rules.with_opportunity:
        exempt["open_opportunity_count"] = 0
    return ctx.forms.customer.find(**query.condition, **exempt, id__gt=after, limit=CHUNK)


def judge(
    customers: Sequence[Record], rules: Rules, day: date, ctx: Context, earlier: Sequence[Query] = ()
) -> Iterator[Judged]:
    """Give those that are due on a day, but for those that `earlier` queries have found already."""
    new = [each for each in customers if not any(query.covers(each) for query in earlier)]
    for customer, facts in zip(new, facts_for(new, rules, ctx), strict=True):
        if verdict := due(facts, rules, day):
            yield Judged(customer, facts, verdict)


def all_due(rules: Rules, day: date, ctx: Context) -> Iterator[Judged]:
    """Give every customer that is due on a day, as far as is known now."""
    queries = queries_of(rules, day, ctx.time_zone)
    for number, query in enumerate(queries):
        last = 0
        while found := read(query, rules, last, ctx):
            yield from judge(found, rules, day, ctx, queries[:number])
            last = found[-1].id


def facts_for(customers: Sequence[Record], rules: Rules, ctx: Context) -> list[Facts]:
    """Gather what the rules look at of many customers at once."""
    renewed = _with_new_opportunity(customers, ctx) if "opportunity" in rules.limits else frozenset()
    return [facts_of(each, ctx.time_zone, has_new_opportunity=each.id in renewed) for each in customers]


def _with_new_opportunity(customers: Sequence[Record], ctx: Context) -> frozenset[int]:
    """Find the customers that got an opportunity since their owner has them."""
    since = {each.id: each.owner_at for each in customers if each.owner_at is not None}
    if not since:
        return frozenset()
    found = ctx.forms.opportunity.find(
        customer__in=sorted(since), created_at__gte=min(since.values()), limit=MOST_OPPORTUNITIES
    )
    return frozenset(each.customer for each in found if each.created_at >= since[each.customer])
