"""Files over HTTP."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from lowcode import files
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.web.api.records import reading_context
from lowcode.web.gate import policy
from lowcode.web.idempotency import write

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_files", __name__, url_prefix="/api/v1/files")


@bp.post("")
@policy("signed_in", upload=True)
def upload() -> Response:
    """Keep an uploaded file until a record takes it."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        sentence = _("请以 multipart/form-data 上传一个名为 file 的文件。")
        raise Invalid(sentence, errors={"file": [sentence]})
    name, stream = sent.filename, sent.stream

    def work(ctx: "Context") -> tuple[int, dict[str, Any], dict[str, str]]:
        stream.seek(0)  # another attempt reads the file again
        return 201, files.upload(ctx, name, stream), {}

    return write(work)


@bp.get("/<file_id>")
@policy("signed_in")
def fetch(file_id: str) -> Response:
    """Send a file: pictures are shown, everything else is downloaded."""
    with reading_context() as ctx:
        facts, content = files.fetch(ctx, file_id)
    is_picture = facts["type"] in files.IMAGE_TYPES.values()
    response = Response(content, mimetype=facts["type"] if is_picture else "application/octet-stream")
    shown = "inline" if is_picture else "attachment"
    response.headers["Content-Disposition"] = f"{shown}; filename*=UTF-8''{quote(facts['name'])}"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response
