"""The web side of the host: pages for people, JSON for other systems."""

from lowcode.web.bodies import json_body
from lowcode.web.current import current_platform

__all__ = ["current_platform", "json_body"]
