"""One customer that the nightly job cannot move does not keep the others from their turn."""

import pytest
from sqlalchemy import update

from lowcode.testing.client import Api
from lowcode.testing.jobs import run_job
from tests.scenarios.pooling import customer, read
from tests.scenarios.quoting import Company, found


@pytest.fixture
def company(api: Api) -> Company:
    return found(api)


def test_a_record_that_no_rule_accepts_is_left_out(company: Company) -> None:
    due = [customer(company) for _each in range(3)]
    form = company.platform.forms["customer"]
    old = company.platform.as_system(lambda ctx: ctx.now.replace(year=ctx.now.year - 1))
    with company.platform.db.write() as connection:
        ids = [each["id"] for each in due]
        connection.execute(update(form.table).where(form.table.c.id.in_(ids)).values(owner_at=old))
        connection.execute(update(form.table).where(form.table.c.id == ids[1]).values(source=None))
    run_job(company.platform, "crm", "recycle_customers")
    assert [read(company, each)["owner"] is None for each in due] == [True, False, True]
