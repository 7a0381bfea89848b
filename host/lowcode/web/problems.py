"""Every refusal and every failure as one answer: RFC 9457 for programs, a page for people."""

import errno
import logging
from http import HTTPStatus

from flask import Flask, Response, current_app, render_template
from gunicorn.http.errors import ParseException
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug import Response as BaseResponse
from werkzeug.exceptions import HTTPException

from lowcode.errors import Fault, Unavailable
from lowcode.i18n import _
from lowcode.web.current import is_api

log = logging.getLogger(__name__)

CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    413: "too_large",
    414: "too_long",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    431: "too_large",
    500: "internal",
}


def install(app: Flask) -> None:
    """Answer for every exception that a view lets through."""
    app.register_error_handler(Fault, _fault)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _fault(fault: Fault) -> Response:
    response = _answer(fault.status, fault.code, fault.detail, fault.errors)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def _http(error: HTTPException) -> BaseResponse:
    plain = error.get_response()
    if error.code is None or error.code < 400 or error.response is not None:
        return plain
    response = _answer(error.code, CODES.get(error.code, "refused"), _detail(error.code), {})
    for name in ("Allow", "Retry-After", "WWW-Authenticate", "Content-Range"):
        if name in plain.headers:
            response.headers[name] = plain.headers[name]
    return response


def _unexpected(error: Exception) -> Response:
    if isinstance(error, ParseException):  # the server could not read the body that the application asked for
        return _answer(400, "malformed", _detail(400), {})
    if is_outage(error):
        log.warning("The database or the disk is not available.", exc_info=error)
        return _fault(Unavailable(_("系统暂时不可用，请稍后再试。")))
    log.error("A request failed.", exc_info=error)
    return _answer(500, "internal", _detail(500), {})


def is_outage(error: BaseException) -> bool:
    """Tell whether the database is away or the disk is full, so that the same request may succeed later."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout)


def _answer(status: int, code: str, detail: str, errors: object) -> Response:
    if not is_api():
        page = render_template(
            "error.html", status=status, title=_title(status), detail=detail, code=code, errors=errors
        )
        return Response(page, status, mimetype="text/html")
    problem = {
        "type": "about:blank",
        "title": _title(status),
        "status": status,
        "code": code,
        "detail": detail,
        "errors": errors,
    }
    return Response(current_app.json.dumps(problem), status, mimetype="application/problem+json")


def _title(status: int) -> str:
    titles = {
        400: _("请求有误"),
        401: _("尚未登录"),
        403: _("没有权限"),
        404: _("没有找到"),
        405: _("方法不允许"),
        409: _("内容已变化"),
        413: _("内容过大"),
        415: _("内容类型不支持"),
        422: _("内容有误"),
        428: _("缺少版本"),
        429: _("请求过于频繁"),
        500: _("系统出错"),
        503: _("系统暂时不可用"),
    }
    return titles.get(status) or HTTPStatus(status).phrase


def _detail(status: int) -> str:
    details = {
        404: _("没有找到这个地址，请检查后重试。"),
        405: _("这个地址不支持此方法，请查看接口文档。"),
        408: _("请求超时，请重试。"),
        413: _("提交的内容超过大小限制，请缩小后重试。"),
        414: _("地址过长，请缩短后重试。"),
        415: _("不支持这种内容类型，请查看接口文档。"),
        500: _("系统出错，问题已记录，请稍后再试或联系管理员。"),
    }
    return details.get(status) or _("请求有误，请检查后重试。")
