"""Lists as files over HTTP."""

import tempfile
from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from flask import Blueprint, Response, request

from lowcode.i18n import many
from lowcode.records import exporting
from lowcode.web.api.records import live_form
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy

bp = Blueprint("api_exports", __name__, url_prefix="/api/v1/forms")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
PART = 64 * 1024


@bp.get("/<name>/export")
@policy("signed_in")
def export(name: str) -> Response:
    """Send all records of a list as CSV or XLSX; the query string is that of the list.

    The file is complete before its first byte is sent: a slow reader holds neither a transaction nor half an export.
    """
    form, kind = live_form(name), request.args.get("format", "csv")
    file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when it has been sent)
    try:
        with current_platform().exporting(current_user()) as ctx:
            made = exporting.prepare(ctx, form, request.args.to_dict(flat=False), kind)
            exporting.write(ctx, made, kind, file)
            day = f"{ctx.today:%Y%m%d}"
    except BaseException:
        file.close()
        raise
    size = file.seek(0, 2)
    file.seek(0)
    response = Response(_parts(file), content_type=TYPES[kind])
    response.call_on_close(file.close)
    response.content_length = size
    title = many(form.declared.label)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{title}-{day}.{kind}')}"
    response.headers["X-Total-Count"] = str(made.total)
    return response


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(PART):
            yield part
