"""Printable pages as PDF: the file, what it may not reach, and what is said where it cannot be made."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import BoundedSemaphore, Thread
from typing import Any

import library
import pytest

from lowcode import pdf
from lowcode.errors import Refused, Unavailable
from lowcode.platform import Platform
from lowcode.templates import templates
from lowcode.testing.client import Api

PDFTOTEXT = shutil.which("pdftotext") or ""
needs_pdf = pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", "import weasyprint"], capture_output=True).returncode != 0 or not PDFTOTEXT,
    reason="WeasyPrint, Pango or pdftotext is not installed.",
)


def text_of(data: bytes) -> str:
    done = subprocess.run([PDFTOTEXT, "-", "-"], input=data, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


def get(api: Api, address: str) -> Any:
    return api._client.get(address, headers=api.credentials)


def loan(api: Api, status: str = "approved", **values: Any) -> dict[str, Any]:
    return library.set_state(api, library.loan(api, **values), status)


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """Listen on this machine and remember who asks."""
    asked: list[str] = []

    class Remembering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    listening = HTTPServer(("127.0.0.1", 0), Remembering)
    thread = Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}", asked
    listening.shutdown()
    thread.join()
    listening.server_close()


@needs_pdf
def test_the_page_and_the_api_send_the_same_file(api: Api) -> None:
    shown = loan(api, subject='实验"课"/一', lines=[{"title": "三脚架", "quantity": "50", "price": "30"}])
    for address in (f"/f/loan/{shown['id']}/print/slip", f"/api/v1/forms/loan/records/{shown['id']}/print/slip"):
        answer = get(api, f"{address}?format=pdf")
        assert (answer.status_code, answer.content_type) == (200, "application/pdf"), answer.text
        assert answer.data.startswith(b"%PDF-")
        for wanted in ("借阅单", shown["number"], "三脚架", "1,500.00"):
            assert wanted in text_of(answer.data)
        disposition = answer.headers["Content-Disposition"]
        assert disposition.startswith("attachment; filename=\"slip.pdf\"; filename*=UTF-8''%E5%80%9F")
        assert "%22" in disposition
        assert "/" not in disposition.partition("''")[2]


def test_the_page_offers_printing_and_the_file(api: Api) -> None:
    shown = loan(api)
    text = get(api, f"/f/loan/{shown['id']}/print/slip").text
    assert f'<a href="/f/loan/{shown["id"]}/print/slip?format=pdf">下载PDF</a>' in text
    assert "data-print" in text


def test_who_may_not_print_gets_no_file(api: Api) -> None:
    draft, approved = library.loan(api), loan(api)
    address = "/api/v1/forms/loan/records/{}/print/slip?format=pdf"
    assert get(api.as_user("clerk", department="分馆"), address.format(approved["id"])).status_code == 404
    refused = get(api, address.format(draft["id"]))
    assert (refused.status_code, refused.json["code"]) == (422, "not_allowed_now")
    unknown = get(api, address.format(approved["id"]).replace("pdf", "doc"))
    assert (unknown.status_code, list(unknown.json["errors"])) == (422, ["format"])


@needs_pdf
def test_a_template_reaches_neither_network_nor_files(
    api: Api, platform: Platform, tmp_path: Path, server: tuple[str, list[str]]
) -> None:
    address, asked = server
    secret = tmp_path / "secret.css"
    secret.write_text("body::before { content: 'SECRET' }", "utf-8")
    (tmp_path / "prints").mkdir()
    reaching = f"""<link rel="stylesheet" href="{address}/a.css"><link rel="stylesheet" href="{secret.as_uri()}">
        <link rel="attachment" href="{secret.as_uri()}"><img src="{address}/b.png"><img src="{secret.as_uri()}">
        <style>@import "{address}/c.css"; @import "{secret.as_uri()}"; p {{ background: url({address}/d.png) }}</style>
        <object data="{address}/e"></object><img src="data:image/svg+xml,%3Csvg/%3E"><p>正文</p>"""
    (tmp_path / "prints" / "slip.html").write_text(reaching, "utf-8")
    platform.prepared["prints", "library"] = templates(tmp_path)
    answer = get(api, f"/f/loan/{loan(api)['id']}/print/slip?format=pdf")
    assert text_of(answer.data) == "正文1/1"
    assert b"SECRET" not in answer.data
    assert asked == []


@needs_pdf
def test_pictures_within_the_page_are_drawn(api: Api) -> None:
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    assert b"/Image" in pdf.made(f'<img src="data:image/png;base64,{dot}">')
    assert b"/Image" not in pdf.made("<p>1</p>")


def program(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    file = folder / "program.py"
    file.write_text(text, "utf-8")
    monkeypatch.setattr(pdf, "PROGRAM", file)


def test_where_it_is_not_installed_a_sentence_says_what_to_do(
    api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = loan(api)
    program(monkeypatch, tmp_path, f"import sys; sys.exit({pdf.NOT_INSTALLED})")
    answer = get(api, f"/api/v1/forms/loan/records/{shown['id']}/print/slip?format=pdf")
    assert (answer.status_code, answer.json["code"]) == (422, "pdf_unavailable")
    for wanted in ('pip install "lowcode-host[pdf]"', "libpango", "改用“打印”"):
        assert wanted in answer.json["detail"]
    page = get(api, f"/f/loan/{shown['id']}/print/slip?format=pdf")
    assert (page.status_code, "lowcode-host[pdf]" in page.text) == (422, True)


def test_the_program_says_itself_when_the_library_is_missing() -> None:
    hide = (
        "import sys; sys.modules['weasyprint'] = None; import runpy; runpy.run_path(sys.argv[1], run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-I", "-c", hide, str(pdf.PROGRAM)], input=b"", capture_output=True)
    assert (done.returncode, b"weasyprint" in done.stderr) == (pdf.NOT_INSTALLED, True)


def test_what_takes_too_long_or_fails_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 0.3)
    for text in ("import time; time.sleep(60)", "raise SystemExit(1)"):
        program(monkeypatch, tmp_path, text)
        with pytest.raises(Refused) as refused:
            pdf.made("<p>1</p>")
        assert refused.value.code == "print_failed"
    with pytest.raises(Refused):
        pdf.made("x" * (pdf.MOST_BYTES + 1))


def test_more_than_a_worker_makes_at_once_have_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "AT_ONCE", BoundedSemaphore(1))
    monkeypatch.setattr(pdf, "PATIENCE", 0.01)
    assert pdf.AT_ONCE.acquire()
    with pytest.raises(Unavailable):
        pdf.made("<p>1</p>")


def test_the_program_sees_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOWCODE_DATABASE_URL", "postgresql://user:secret@db/crm")
    program(monkeypatch, tmp_path, "import os; print(sorted(os.environ))")
    assert b"LOWCODE" not in pdf.made("<p>1</p>")
