"""CRM管理: the YAML declarations beside this package, and the few rules that need Python."""

from pathlib import Path

_here = Path(__file__).parent

ROOT = _here / "declarations" if (_here / "declarations").is_dir() else _here.parent
"""Where manifest.yaml is: inside the package in a wheel, one folder up in a checkout."""
