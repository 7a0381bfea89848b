"""The host is generic: no word of this plugin's trade stands in it."""

import re
from pathlib import Path

HOST = Path(__file__).parents[1] / "host" / "lowcode"
WORDS = re.compile(
    r"\b(crm|customers?|quotations?|opportunit(y|ies)|contracts?|invoices?|receivables?|leads?_\w*)\b"
    r"|客户|公海|线索|报价|合同|商机|开票|发票|应收",
    re.IGNORECASE,
)


def test_no_word_of_the_trade_stands_in_the_host() -> None:
    files = [path for path in HOST.rglob("*") if path.suffix in {".py", ".html", ".js", ".css", ".po", ".yaml"}]
    own = [path for path in files if "vendor" not in path.parts]
    found = [
        f"{path.relative_to(HOST)}:{number}: {line.strip()[:80]}"
        for path in own
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if WORDS.search(line)
    ]
    assert len(own) > 100
    assert found == []
