"""What was measured, as JSON and as a table to read."""

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.load import Round
from benchmarks.operations import OPERATIONS

FOLDER = Path(__file__).parent / "results"
HEAD = (
    "| operation | clients | raw req/s | host req/s | ratio | raw p50 / p95 ms | host p50 / p95 ms |\n"
    "|---|---|---|---|---|---|---|"
)
Measured = dict[tuple[str, int], dict[str, Round]]


def table(measured: Measured) -> str:
    """Write one row for each operation and number of clients."""
    labels = {operation.name: operation.label for operation in OPERATIONS}
    rows = [_row(labels[name], clients, pair) for (name, clients), pair in measured.items()]
    return "\n".join([HEAD, *rows])


def _row(label: str, clients: int, pair: dict[str, Round]) -> str:
    host, raw = pair["host"], pair.get("raw")
    cells = [label, str(clients)]
    cells += [f"{raw.rate:,.0f}" if raw else "–", f"{host.rate:,.0f}", f"{raw.rate / host.rate:.2f}" if raw else "–"]
    cells += [f"{raw.p50:.1f} / {raw.p95:.1f}" if raw else "–", f"{host.p50:.1f} / {host.p95:.1f}"]
    return f"| {' | '.join(cells)} |"


def write(name: str, measured: Measured, facts: dict[str, Any]) -> str:
    """Keep everything under `benchmarks/results`; give the Markdown."""
    FOLDER.mkdir(exist_ok=True)
    figures = [
        {"operation": operation, "clients": clients, **{side: asdict(found) for side, found in pair.items()}}
        for (operation, clients), pair in measured.items()
    ]
    (FOLDER / f"{name}.json").write_text(json.dumps({"facts": facts, "figures": figures}, ensure_ascii=False, indent=1))
    lines = [f"- {key}: {value}" for key, value in facts.items()]
    text = "\n".join([table(measured), "", *lines, ""])
    (FOLDER / f"{name}.md").write_text(text)
    return text


def machine() -> dict[str, Any]:
    """Describe where it was measured."""
    return {
        "measured at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{os.cpu_count()} processors, shared by clients, server and database",
        "python": platform.python_version(),
    }
