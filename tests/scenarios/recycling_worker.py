"""A process that looks for due jobs. Importing this loads the plugin, once for all processes forked after it."""

import os
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

from lowcode.config import Config
from lowcode.platform import Platform
from lowcode.running.jobs import tick
from lowcode.testing.databases import loaded

MODULES = ("crm_plugin.plugin",)
PLUGINS = loaded(MODULES)


def work(url: str, home: Path, due_at: datetime, errors: Path, starter: Connection) -> None:
    """Say that it begins, then do what is due; what it complains of is in the file."""
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
    platform = Platform(Config(home=home, database_url=url), PLUGINS)
    starter.send("ready")
    tick(platform, due_at)
