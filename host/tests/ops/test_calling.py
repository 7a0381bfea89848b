"""Calls to a real server: how long they take at most, what is tried again, what is refused."""

import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from partner import Partner, drip, hang_up, say, serving, wait

from lowcode.api import Call
from lowcode.connections import calling
from lowcode.connections.masking import MOST_BYTES, Mask, excerpt


@pytest.fixture
def service() -> Iterator[Partner]:
    with serving() as partner:
        yield partner


def make(call: Call, waits: list[float] | None = None) -> calling.Done:
    kept: list[float] = [] if waits is None else waits
    return calling.make(call, sleep=kept.append)


def test_what_is_sent(service: Partner) -> None:
    url = f"{service.url}/a?x=1"
    make(Call("post", url, headers={"X-Sign": "s"}, params={"y": "2 3"}, data={"名": "值&"}))
    make(Call("PUT", url, data="文字"))
    make(Call("GET", url))
    (form, text, plain) = service.asked
    assert form[0] == "/a?x=1&y=2+3"
    assert (form[1]["X-Sign"], form[1]["Content-Type"]) == ("s", "application/x-www-form-urlencoded")
    assert form[2] == b"%E5%90%8D=%E5%80%BC%26"
    assert text[2].decode() == "文字"
    assert (plain[0], plain[2]) == ("/a?x=1", b"")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again(service: Partner, status: int) -> None:
    waits: list[float] = []
    service.will(say(status), say(200))
    done = make(Call("GET", service.url), waits)
    assert (done.answer.status, done.tries, done.has_failed) == (200, 2, False)
    assert waits == [calling.BACK_OFF[0]]


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 404, 500])
def test_what_will_not_pass_is_not(service: Partner, status: int) -> None:
    service.will(say(status, b"", Location="/elsewhere"))
    done = make(Call("GET", service.url))
    assert (done.answer.status, done.tries) == (status, 1)
    assert len(service.asked) == 1, "A redirect was followed."
    assert done.has_failed is (status == 500)


@pytest.mark.parametrize(
    ("header", "waited"),
    [("3", 3.0), ("7200", 10.0), ("Wed, 21 Oct 2099 07:28:00 GMT", 10.0), ("soon", 0.5), ("Wed, 21 Oct 2015", 0.5)],
)
def test_the_partner_says_when_to_come_again(service: Partner, header: str, waited: float) -> None:
    waits: list[float] = []
    service.will(say(503, Retry_After=header), say(200))
    make(Call("GET", service.url), waits)
    assert waits == [waited]


def test_nobody_there(service: Partner) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    waits: list[float] = []
    done = make(Call("GET", url), waits)
    assert (done.answer.status, done.tries, done.has_failed, waits) == (None, 3, True, [0.5, 2.0])
    assert done.answer.error is not None
    assert done.answer.error.startswith("无法连接对方：")


def test_somebody_who_hangs_up(service: Partner) -> None:
    service.will(hang_up, hang_up, say(200))
    assert (make(Call("POST", service.url)).tries, len(service.asked)) == (3, 3)


def test_a_try_takes_no_longer_than_it_may(service: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when bytes go on dribbling in, each in time."""
    monkeypatch.setattr(calling, "TRIES", 1)
    for answer in (wait(2), drip):
        service.will(answer)
        started = time.monotonic()
        done = make(Call("GET", service.url, timeout=0.3))
        assert time.monotonic() - started < 1
        assert done.answer.error == "对方在 0.3 秒内没有答复。"


def test_a_body_without_end_is_cut_off(service: Partner) -> None:
    def ramble(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _number in range(1000):
            handler.wfile.write(b"x" * 65536)

    service.will(ramble)
    done = make(Call("GET", service.url))
    assert (done.answer.error, done.tries) == ("对方答复的内容超过 1 MB。", 1)
    service.will(say(200, b"x" * calling.MOST_BYTES))
    assert len(make(Call("GET", service.url)).answer.body) == calling.MOST_BYTES


@pytest.mark.parametrize(
    "call",
    [
        Call("GET", "ftp://example.com/"),
        Call("GET", "file:///etc/passwd"),
        Call("GET", "//example.com"),
        Call("GET", "http://"),
        Call("GET", "http://[::"),
        Call("GET", "http://127.0.0.1", headers={"X": "a\r\nY: b"}),
        Call("GET", "http://127.0.0.1", headers={"X": "密"}),
        Call("GET", "http://127.0.0.1", json=object()),
    ],
)
def test_what_cannot_be_sent_is_an_answer_too(call: Call) -> None:
    done = make(call)
    assert (done.answer.status, done.tries, done.has_failed) == (None, 0, False)
    assert done.answer.error is not None
    assert done.answer.error.startswith("请求无法发出")


def test_masks() -> None:
    mask = Mask(["p&w", ""])
    assert mask.address("https://me:p&w@example.com/a/p&w?sign=1&q=p%26w&x=2") == (
        "https://example.com/a/***?sign=***&q=***&x=2"
    )
    assert mask.pairs({"apiKey": "1", "q": "2"}) == "apiKey=***&q=2"
    assert mask.body(b'{"Signature": "x", "deep": [{"access_token": 1, "n": "p&w!"}]}') == (
        '{"Signature": "***", "deep": [{"access_token": "***", "n": "***!"}]}'
    )
    assert mask.body(b"<r><sign>abc</sign><n>1</n></r>") == "<r><sign>***</sign><n>1</n></r>"
    assert mask.body("token=abc&n=1") == "token=***&n=1"
    assert "\0" not in mask.body(b"a\0b")
    assert excerpt("字" * 10) == "字" * 10
    cut = excerpt("字" * 1000)
    assert cut.endswith("…")
    assert len(cut.encode()) <= MOST_BYTES
