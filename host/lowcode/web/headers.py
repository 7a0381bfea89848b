"""Headers that every answer carries."""

from flask import Flask, Response

from lowcode.web.current import current_platform

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)

SECURITY = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}

YEAR = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Add the headers to each answer of the application."""
    app.after_request(_add)


def _add(response: Response) -> Response:
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    if current_platform().config.https:
        response.headers["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"
    # Assets under addresses that change with their content say so themselves.
    response.headers.setdefault("Cache-Control", "no-store")
    return response
