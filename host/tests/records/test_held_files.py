"""Files belong to their uploader until a record takes them; then they follow the record."""

import io

import library
import pytest
from PIL import Image

from lowcode.testing.client import Api


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "PNG")
    return buffer.getvalue()


def upload(api: Api, name: str = "图.png", content: bytes | None = None) -> str:
    return str(api.upload(name, png() if content is None else content).expect(201)["id"])


def test_a_picture_and_files_are_held_and_served(api: Api) -> None:
    cover, manual = upload(api), upload(api, "说明.txt", b"text")
    item = library.item(api, cover=cover, manuals=[manual])
    assert item["cover"] == {"id": cover, "name": "图.png", "size": len(png()), "type": "image/png"}
    assert [each["name"] for each in item["manuals"]] == ["说明.txt"]
    shown = api.get(f"/files/{cover}", inline=1)
    assert (shown.status, shown.headers["Content-Type"]) == (200, "image/png")
    sent = api.get(f"/files/{manual}", inline=1)
    assert sent.headers["Content-Type"] == "application/octet-stream"
    assert sent.headers["Content-Disposition"].startswith("attachment")


def test_a_file_that_nobody_took_is_the_uploaders_alone(api: Api) -> None:
    clerk = api.as_user("clerk")
    file_id = upload(clerk)
    clerk.get(f"/files/{file_id}").expect(200)
    api.get(f"/files/{file_id}").expect(404)
    code = {"code": "x", "title": "x", "subject": "physics", "price": "1"}
    assert set(api.post("/forms/item/records", code | {"cover": file_id}).expect(422)["errors"]) == {"cover"}


def test_a_held_file_follows_the_permission_of_its_record(api: Api) -> None:
    clerk, other = api.as_user("clerk", department="东馆"), api.as_user("clerk", department="西馆")
    file_id = upload(clerk, "单.txt", b"x")
    library.loan(clerk, attachments=[file_id])
    clerk.get(f"/files/{file_id}").expect(200)
    api.get(f"/files/{file_id}").expect(200)
    other.get(f"/files/{file_id}").expect(404)


def test_a_file_belongs_to_one_record(api: Api) -> None:
    file_id = upload(api)
    library.item(api, cover=file_id)
    payload = {"code": "y", "title": "y", "subject": "physics", "price": "1", "manuals": [file_id]}
    assert set(api.post("/forms/item/records", payload).expect(422)["errors"]) == {"manuals"}


def test_a_picture_field_takes_pictures_only(api: Api) -> None:
    text = upload(api, "a.txt", b"x")
    payload = {"code": "y", "title": "y", "subject": "physics", "price": "1", "cover": text}
    assert set(api.post("/forms/item/records", payload).expect(422)["errors"]) == {"cover"}


def test_no_more_files_than_declared(api: Api) -> None:
    files = [upload(api, f"{number}.txt", b"x") for number in range(6)]
    payload = {"code": "y", "title": "y", "subject": "physics", "price": "1", "manuals": files}
    assert set(api.post("/forms/item/records", payload).expect(422)["errors"]) == {"manuals"}
    library.item(api, manuals=files[:5])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", b"not a picture"),
        ("a.svg", b"<svg onload='alert(1)'/>"),
        ("a.html", b"<script>"),
        ("a.pHp", b"<?php"),
        ("a.exe", b"MZ"),
        ("a.txt.", b"x"),
        ("..", b"x"),
        ("a" * 300 + ".txt", b"x"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 64),
    ],
)
def test_dangerous_files_are_refused(api: Api, name: str, content: bytes) -> None:
    answer = api.upload(name, content)
    assert (answer.status, set(answer.errors)) == (422, {"file"})


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("a\u202egnp.txt", "agnp.txt"),
        ("汉 字.txt", "汉 字.txt"),
    ],
)
def test_names_are_shown_and_never_used_as_paths(api: Api, name: str, kept: str) -> None:
    assert api.upload(name, b"x").expect(201)["name"] == kept


@pytest.mark.parametrize("file_id", ["0" * 32, "..%2f..%2fetc", "x", "a" * 500])
def test_an_unknown_file_is_404(api: Api, file_id: str) -> None:
    api.get(f"/files/{file_id}").expect(404)
