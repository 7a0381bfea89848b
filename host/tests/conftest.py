"""Shared by the tests of the host."""

import sys
from pathlib import Path

pytest_plugins = ["lowcode.testing.plugin"]

sys.path.insert(0, str(Path(__file__).parent))  # the demo plugin is imported like an installed one
