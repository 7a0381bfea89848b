"""Uploaded files: checked by content, stored under random names, readable with the record that holds them."""

import hashlib
import io
import mimetypes
import re
import unicodedata
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import fsspec
from PIL import Image
from sqlalchemy import func, insert, or_, select, update

from lowcode import access
from lowcode.database.schema import approval_copies, approval_tasks, approvals, files
from lowcode.declare.fields import Field
from lowcode.errors import Conflict, Invalid, NotFound, TooLarge
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.records import store
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context

Image.MAX_IMAGE_PIXELS = 25_000_000
IMAGE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
REFUSED_ENDINGS = frozenset(
    {"exe", "dll", "com", "bat", "cmd", "msi", "scr", "ps1", "vbs", "js", "jse", "wsf", "hta", "jar", "sh", "php",
     "phar", "phtml", "jsp", "asp", "aspx", "cgi", "pl", "py", "htm", "html", "xhtml", "svg", "shtml", "lnk", "reg"}
)  # fmt: skip
"""Endings that a browser or a desktop would run."""

INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def upload(ctx: "Context", name: str, stream: IO[bytes]) -> dict[str, Any]:
    """Keep an uploaded file for its uploader until a record takes it. Raises Invalid and TooLarge."""
    limit = ctx.platform.config.max_file_bytes
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise TooLarge(_("文件太大，最多 {size} MB。", size=limit // 1024 // 1024))
    clean = _clean_name(name)
    kind = _kind(clean, content)
    file_id = uuid.uuid4().hex
    with fsspec.open(_url(ctx, file_id), "wb", auto_mkdir=True) as target:
        target.write(content)
    ctx.connection.execute(
        insert(files).values(
            id=file_id, name=clean, type=kind, size=len(content), sha256=hashlib.sha256(content).hexdigest(),
            created_at=ctx.now, created_by=ctx.user.id,
        )
    )  # fmt: skip
    return {"id": file_id, "name": clean, "size": len(content), "type": kind}


def fetch(ctx: "Context", file_id: str) -> tuple[dict[str, Any], bytes]:
    """Read a file that the person may see: an own one, or one held by a record in scope."""
    row = ctx.connection.execute(select(files).where(files.c.id == file_id)).first()
    if row is None or not _may_read(ctx, row):
        raise NotFound(_("没有这个文件，或者您无权查看。"))
    with fsspec.open(_url(ctx, row.content or file_id), "rb") as source:
        return {"id": row.id, "name": row.name, "size": row.size, "type": row.type}, source.read()


def copies(ctx: "Context", ids: Iterable[str]) -> list[str]:
    """Make files with the same contents as these, which no record holds yet; nothing is stored twice.

    Raises NotFound for a file that does not exist.
    """
    asked = list(ids)
    rows = {row.id: row for row in ctx.connection.execute(select(files).where(files.c.id.in_(sorted(set(asked)))))}
    if rows.keys() != set(asked):
        raise NotFound(_("没有这个文件，或者您无权查看。"))
    made = [
        {**rows[each]._mapping, "id": uuid.uuid4().hex, "content": rows[each].content or each}
        | {"created_at": ctx.now, "created_by": ctx.user.id, "form": None, "record": None}
        for each in asked
    ]
    if made:
        ctx.connection.execute(insert(files), made)
    return [each["id"] for each in made]


def facts(ctx: "Context", ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Describe files by id, as records show them."""
    rows = ctx.connection.execute(select(files).where(files.c.id.in_(sorted(ids))))
    return {row.id: {"id": row.id, "name": row.name, "size": row.size, "type": row.type} for row in rows}


def check(ctx: "Context", chosen: Mapping[str, tuple[Field, Any, Any]]) -> dict[str, list[str]]:
    """Check newly chosen files: they exist, are the person's own and free, and pictures are pictures."""
    new: dict[str, list[str]] = {}
    for path, (_field, value, before) in chosen.items():
        held = set(before if isinstance(before, list) else [before])
        new[path] = [each for each in (value if isinstance(value, list) else [value]) if each not in held]
    ids = sorted({each for each_path in new.values() for each in each_path})
    rows = {row.id: row for row in ctx.connection.execute(select(files).where(files.c.id.in_(ids)))} if ids else {}
    errors: dict[str, list[str]] = {}
    for path, values in new.items():
        for file_id in values:
            row = rows.get(file_id)
            if row is None or row.record is not None or not (ctx.is_system or row.created_by == ctx.user.id):
                errors[path] = [_("没有这个文件，或者它已经属于别的记录，请重新上传。")]
                ctx.file_facts[file_id] = {"id": file_id, "name": "", "size": 0, "type": ""}
            elif chosen[path][0].type == "image" and row.type not in IMAGE_TYPES.values():
                errors[path] = [_("请上传 PNG、JPEG、GIF 或 WebP 图片。")]
    return errors


def hold(ctx: "Context", form: LiveForm, record: Record) -> None:
    """Bind the record's files to it, in the transaction of the save."""
    ids: list[str] = []
    for name in _held_in(form.declared.fields):
        ids += _ids(getattr(record, name))
    if ids:
        free = files.c.id.in_(ids) & files.c.record.is_(None)
        ctx.connection.execute(update(files).where(free).values(form=form.name, record=record.id))
        mine = files.c.id.in_(ids) & (files.c.form == form.name) & (files.c.record == record.id)
        if ctx.connection.scalar(select(func.count()).where(mine)) != len(ids):
            raise Conflict(_("有文件刚刚被另一条记录使用，请重新上传。"), code="file_taken")


def hand_on(ctx: "Context", form: LiveForm, ids: Collection[str], source: int, target: int) -> None:
    """Bind files of one record to another of the same form."""
    mine = files.c.id.in_(sorted(ids)) & (files.c.form == form.name) & (files.c.record == source)
    ctx.connection.execute(update(files).where(mine).values(record=target))


def _may_read(ctx: "Context", row: Any) -> bool:
    if row.record is None:
        return bool(row.created_by == ctx.user.id)
    form = ctx.platform.forms.get(row.form)
    if form is None:
        return False
    holding = _held_in(visible_fields(form, ctx.user.roles))
    record = store.load(ctx, form, row.record, access.clause(ctx, form))
    if record is not None:
        return any(row.id in _ids(getattr(record, name)) for name in holding)
    return any(
        row.id in [each["id"] for each in _ids(document.get(name))]
        for document in _documents_for(ctx, form, row.record)
        for name in holding
    )


def _documents_for(ctx: "Context", form: LiveForm, record_id: int) -> Sequence[Mapping[str, Any]]:
    """Give the documents of a record that the person submitted, was asked about or got a copy of."""
    asked = select(approval_tasks.c.approval_id).where(
        approval_tasks.c.user == ctx.user.id, approval_tasks.c.opened_at.is_not(None)
    )
    copied = select(approval_copies.c.approval_id).where(approval_copies.c.user == ctx.user.id)
    takes_part = or_(approvals.c.submitted_by == ctx.user.id, approvals.c.id.in_(asked), approvals.c.id.in_(copied))
    of_record = (approvals.c.form == form.name) & (approvals.c.record == record_id)
    return ctx.connection.scalars(select(approvals.c.document).where(of_record, takes_part)).all()


def _held_in(fields: Mapping[str, Field]) -> list[str]:
    return [name for name, declared in fields.items() if declared.type in {"image", "files"}]


def _ids(value: Any) -> list[Any]:
    """Give the files of a field: ids in a record, their facts in a document."""
    return value if isinstance(value, list) else [value] if value else []


def _url(ctx: "Context", file_id: str) -> str:
    return f"{ctx.platform.config.home.resolve().as_uri()}/files/{file_id[:2]}/{file_id}"


def _clean_name(name: str) -> str:
    """Keep a name that is only ever shown: no folders, no control or direction characters."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    clean = "".join(letter for letter in base if unicodedata.category(letter) not in INVISIBLE).strip()
    if not clean or clean.strip(".") == "" or len(clean.encode()) > 255:
        sentence = _("文件名无效或太长，请改名后重新上传。")
        raise Invalid(sentence, code="file_name", errors={"file": [sentence]})
    ending = clean.rpartition(".")[2].lower().rstrip(" .")
    if ending in REFUSED_ENDINGS or clean.endswith("."):
        sentence = _("不能上传“.{ending}”类型的文件。", ending=ending)
        raise Invalid(sentence, code="file_type", errors={"file": [sentence]})
    return clean


def _kind(name: str, content: bytes) -> str:
    """Tell the type by content where the name claims a picture; other files are downloaded, never shown."""
    claimed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if not claimed.startswith("image/"):
        return claimed
    try:
        with Image.open(io.BytesIO(content), formats=list(IMAGE_TYPES)) as image:
            if image.width * image.height > (Image.MAX_IMAGE_PIXELS or 0):
                raise Image.DecompressionBombError
            image.verify()
            return IMAGE_TYPES[image.format or ""]
    except (OSError, SyntaxError, ValueError, KeyError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        sentence = _("不是有效的图片，或尺寸超过 2500 万像素；请上传 PNG、JPEG、GIF 或 WebP。")
        raise Invalid(sentence, code="file_type", errors={"file": [sentence]}) from None
