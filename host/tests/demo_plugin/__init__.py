"""A small plugin for tests: a library that lends things. It uses every field type and every hook."""

from pathlib import Path

ROOT = Path(__file__).parent
