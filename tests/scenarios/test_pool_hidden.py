"""A pool that its members do not see: they learn nothing of what is in it, and nothing of what was."""

import pytest

from lowcode.testing.client import Api
from tests.scenarios.pooling import act, pooled
from tests.scenarios.quoting import Company, found


@pytest.fixture
def company(api: Api) -> Company:
    made = found(api)
    made["admin"].put("/apps/crm/settings", {"visible_to_members": False}).expect(200)
    return made


def test_who_could_not_see_a_customer_does_not_hear_that_it_was_given_away(company: Company) -> None:
    record = pooled(company)
    assert company["seller"].get(f"/forms/customer/records/{record['id']}").status == 404
    act(company, "seller", record, "claim").expect(404)
    act(company, "head", record, "assign", owner=company["other_seller"].user_id).expect(200)
    act(company, "seller", record, "claim").expect(404)
    assert act(company, "head", record, "claim").expect(409)["code"] == "already_claimed"
