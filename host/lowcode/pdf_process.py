"""Turns the HTML document on standard input into a PDF on standard output: the program that `pdf.py` runs.

It stands alone, so that starting it is cheap and nothing of the host is in its reach.
"""

import resource
import sys
from contextlib import suppress
from typing import Any

NOT_INSTALLED = 3
"""The exit code where WeasyPrint, or a library of the system that it needs, is missing."""

SECONDS = 30
MEMORY = 2 << 30
IMAGES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")


def main() -> int:
    """Do it; give the exit code."""
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as fault:
        sys.stderr.write(f"{fault}\n")
        return NOT_INSTALLED

    class Fetcher(URLFetcher):  # type: ignore[misc]
        """Reads pictures that stand in the document itself, and refuses every address."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith(IMAGES):
                raise ValueError(f"A printed page fetches nothing: {url[:100]}")
            return super().fetch(url, headers)

    _limit()
    text = sys.stdin.buffer.read().decode("utf-8")
    sys.stdout.buffer.write(HTML(string=text, url_fetcher=Fetcher()).write_pdf())
    return 0


def _limit() -> None:
    """End by force what takes too long or too much, also when nobody waits for it any more."""
    for what, most in ((resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_AS, MEMORY)):
        with suppress(ValueError, OSError):  # macOS does not limit memory
            resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    sys.exit(main())
