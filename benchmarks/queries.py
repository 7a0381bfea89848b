"""Count the queries behind pages: at most 12, however many rows there are."""

from typing import Any

from sqlalchemy import event

from benchmarks.fill import Company
from lowcode.platform import Platform
from lowcode.web.app import create_app

PAGES = {
    "list page, 10 rows": "/f/customer/all?per_page=10",
    "list page, 100 rows": "/f/customer/all?per_page=100",
    "receivables page, 10 rows": "/f/contract/receivable?per_page=10",
    "receivables page, 100 rows": "/f/contract/receivable?per_page=100",
    "form page, new quotation": "/f/quotation/new",
    "form page, 50-line quotation": "/f/quotation/1/edit",
    "API list, 20 rows": "/api/v1/forms/customer/records?list=all&per_page=20",
    "API list, 200 rows": "/api/v1/forms/customer/records?list=all&per_page=200",
    "API read, 50-line quotation": "/api/v1/forms/quotation/records/1",
}


def count(platform: Platform, company: Company) -> dict[str, int]:
    """Give the number of queries of each page, sign-in included."""
    client = create_app(platform).test_client()
    headers = {"Authorization": f"Bearer {company.token}"}
    statements: list[str] = []

    @event.listens_for(platform.db.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    counted: dict[str, int] = {}
    for name, path in PAGES.items():
        client.get(path, headers=headers)  # what a process reads once is not what a page costs
        statements.clear()
        answer = client.get(path, headers=headers)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}: {answer.get_data(as_text=True)[:500]}")
        counted[name] = len(statements)
    return counted
