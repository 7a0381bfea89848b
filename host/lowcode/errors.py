"""Refusals: every answer that is not a success, as the HTTP API names it."""

from collections.abc import Mapping, Sequence

Errors = Mapping[str, Sequence[str]]

CODES = (
    *("already_decided", "bad_signature", "conflict", "cross_site", "csrf", "delete_refused", "document_changed"),
    *("downgrade", "duplicate", "file_name", "file_taken", "file_type", "forbidden", "in_review", "in_use"),
    *("internal", "invalid", "last_admin", "malformed", "merge_refused", "merged"),
    *("method_not_allowed", "must_change_password", "no_approval", "no_approver"),
    *("no_plugin", "no_preview", "not_allowed_now", "not_editable", "not_found", "not_initialised", "not_signed_in"),
    *("not_supervised", "numbers_taken", "out_of_scope", "own_request", "panel_failed", "pdf_unavailable"),
    *("print_failed", "reference_deleted", "refused", "stale_request"),
    *("stale_version", "system_dictionary", "too_large", "too_many_requests", "totp_required", "unavailable"),
    *("unsupported_media_type", "urged_recently", "version_missing", "view_only", "wheel_refused", "wrong_credentials"),
)
"""The stable words of refusals over HTTP; the API's description lists them. Plugins may add words of their own."""


class Fault(Exception):
    """A refusal with its HTTP status, a stable code and a whole sentence for the person."""

    status = 400
    code = "malformed"

    def __init__(self, detail: str, *, code: str | None = None, errors: Errors | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors: Errors = errors or {}
        self.retry_after: int | None = None


class Malformed(Fault):
    """The request cannot be read."""


class NotSignedIn(Fault):
    """Nobody is signed in, or the session has ended."""

    status = 401
    code = "not_signed_in"


class Forbidden(Fault):
    """The person's roles do not allow it."""

    status = 403
    code = "forbidden"


class NotFound(Fault):
    """It does not exist, or is out of the person's scope; the answer does not tell which."""

    status = 404
    code = "not_found"


class Conflict(Fault):
    """Somebody was faster."""

    status = 409
    code = "conflict"


class TooLarge(Fault):
    """The body or a file is over its limit."""

    status = 413
    code = "too_large"


class Unsupported(Fault):
    """The content type is not one the call takes."""

    status = 415
    code = "unsupported_media_type"


class Invalid(Fault):
    """Fields are at fault."""

    status = 422
    code = "invalid"


class Refused(Invalid):
    """A rule of a plugin refuses; plugins raise this one."""

    code = "refused"

    def __init__(self, message: str, code: str = "refused", errors: Errors | None = None) -> None:
        super().__init__(message, code=code, errors=errors)


class VersionMissing(Fault):
    """A change was sent without the version it is based on."""

    status = 428
    code = "version_missing"


class TooMany(Fault):
    """The caller has to slow down."""

    status = 429
    code = "too_many_requests"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(Fault):
    """The database is away or the disk is full."""

    status = 503
    code = "unavailable"

    def __init__(self, detail: str, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
