"""Run the benchmarks: `python -m benchmarks --help`."""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from benchmarks import fill, load, nightly, postgres, queries, report
from benchmarks.operations import OPERATIONS, Operation
from benchmarks.servers import THREADS, WORKERS, Server, serve
from lowcode.config import Config
from lowcode.platform import Platform


def main() -> None:
    """Fill a database, measure both servers in turns, and write the report."""
    options = _options()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lowcode-bench-home-")))
        url = stack.enter_context(_database(options.sqlite, home))
        platform = Platform.start(Config(home=home, database_url=url), ["crm_plugin.plugin"])
        print(f"Filling {options.customers:,} customers and {options.contracts:,} contracts …", flush=True)
        fill.create_tables(platform)
        company = fill.fill(platform, options.customers, options.contracts)
        facts = report.machine() | {
            "server": f"gunicorn, {WORKERS} workers, gthread, {THREADS} threads",
            "database": _version(platform),
            "customers": f"{options.customers:,}",
            "contracts": f"{options.contracts:,}, ten rows of a plan each",
            "figures": f"best of {options.rounds} rounds of {options.seconds} s, both servers in turns",
        }
        counted = queries.count(platform, company) if not options.no_pages else {}
        if options.nightly:
            print(nightly.measure(platform, url.replace("+psycopg", ""), options.customers).told())
            return
        platform.db.engine.dispose()
        environment = {"LOWCODE_DATABASE_URL": url, "LOWCODE_HOME": str(home), "BENCH_SELLER": str(company.seller)}
        environment["BENCH_TOKENS"] = json.dumps(company.tokens)
        environment["BENCH_DATABASE"] = url.replace("+psycopg", "")
        servers = {"host": stack.enter_context(serve("benchmarks.host_app:app", environment))}
        if not platform.db.is_sqlite:
            servers["raw"] = stack.enter_context(serve("benchmarks.raw:app", environment))
        facts |= {f"{side} start": f"{server.started_in:.2f} s" for side, server in servers.items()}
        facts |= {f"{side} idle worker": _memory(server) for side, server in servers.items()}
        measured = _measure(servers, platform, company, options)
        facts |= {f"{side} worker after the load": _memory(server) for side, server in servers.items()}
        facts |= {f"queries, {name}": number for name, number in counted.items()}
        written = report.write("sqlite" if platform.db.is_sqlite else "postgresql", measured, facts)
        print(f"\n{written}")


def _options() -> Any:
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measure the host beside hand-written SQL.")
    parser.add_argument("--customers", type=int, default=100_000, help="how many customers to fill")
    parser.add_argument("--contracts", type=int, help="how many contracts to fill; as many as customers where needed")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long one round is")
    parser.add_argument("--rounds", type=int, default=3, help="rounds for each operation; the best one counts")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8], help="numbers of clients at once")
    parser.add_argument("--only", nargs="+", choices=[each.name for each in OPERATIONS], help="only these operations")
    parser.add_argument("--sqlite", action="store_true", help="measure the host alone, on SQLite")
    parser.add_argument("--no-pages", action="store_true", help="do not count the queries behind pages")
    parser.add_argument("--nightly", action="store_true", help="measure the nightly work on the pool, and nothing else")
    options = parser.parse_args()
    if options.contracts is None:
        needed = not options.nightly and any(each.on_contracts for each in _chosen(options))
        options.contracts = options.customers if needed else 0
    return options


def _chosen(options: Any) -> list[Operation]:
    return [each for each in OPERATIONS if not options.only or each.name in options.only]


@contextmanager
def _database(sqlite: bool, home: Path) -> Iterator[str]:
    given = os.environ.get("LOWCODE_BENCH_DATABASE_URL")
    if sqlite:
        yield f"sqlite:///{home / 'bench.db'}"
    elif given:
        yield given
    else:
        with postgres.database() as url:
            yield url


def _version(platform: Platform) -> str:
    with platform.db.read() as connection:
        number = ".".join(map(str, connection.dialect.server_version_info or ()))
    return f"{platform.db.url.get_backend_name()} {number}, default settings, durable"


def _memory(server: Server) -> str:
    found = server.memory()
    return f"{found['Pss']} MB PSS, {found['Rss']} MB RSS"


def _measure(servers: dict[str, Server], platform: Platform, company: fill.Company, options: Any) -> report.Measured:
    measured: report.Measured = {}
    for operation in _chosen(options):
        for clients in options.clients:
            key, pair = (operation.name, clients), _in_turns(servers, platform, operation, company, clients, options)
            measured[key] = pair
            print(report.table({key: pair}).splitlines()[-1], flush=True)
    return measured


def _in_turns(
    servers: dict[str, Server],
    platform: Platform,
    operation: Operation,
    company: fill.Company,
    clients: int,
    options: Any,
) -> dict[str, load.Round]:
    """Measure the servers by turns, so that what else the machine does disturbs both; keep the best round of each."""
    best: dict[str, load.Round] = {}
    for _round in range(options.rounds):
        for side, server in servers.items():
            for statement in operation.prepare:
                platform.db.run(partial(Connection.execute, statement=text(statement)))
            requests = operation.requests(company, clients)
            found = load.measure(server.port, requests, operation.expect, clients, options.seconds)
            if side not in best or found.rate > best[side].rate:
                best[side] = found
    return best


if __name__ == "__main__":
    main()
