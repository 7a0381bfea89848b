"""The app store: a catalogue of verified wheels, and installing them into a folder of their own.

`<home>/store/catalogue.json` lists the releases and their digests, `<home>/store/wheels/` holds them,
`<home>/plugins/<plugin>/<version>/` are the installed ones and `<home>/plugins/active.json` says which are in use.
Running processes keep what they loaded; a restart loads what is active.
"""

import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from packaging.version import Version

from lowcode.appstore import installed
from lowcode.appstore.installed import Installed
from lowcode.appstore.wheels import WheelFacts, sha256, verify
from lowcode.errors import Conflict, NotFound, Refused, Unavailable
from lowcode.i18n import _
from lowcode.running.durable import locked, read_json, sync_folder, sync_tree, write_bytes, write_json

log = logging.getLogger(__name__)
T = TypeVar("T")

PIP = ("install", "--isolated", "--no-deps", "--no-index", "--no-compile", "--only-binary", ":all:", "--require-hashes")
PIP_QUIET = ("--no-cache-dir", "--disable-pip-version-check", "--no-input", "--no-warn-script-location", "--quiet")
PIP_SECONDS = 300


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The answer to installing or uninstalling."""

    status: str
    message: str
    needs_restart: bool


@dataclass(frozen=True, slots=True)
class App:
    """One plugin in the store; `version` is the newest release, `installed_version` the active one."""

    name: str
    label: str
    summary: str
    version: str
    installed_version: str | None
    host_api: str


class Store:
    """The catalogue and the installed plugins of one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "store"
        self._lock = self.folder / "lock"

    def add(self, paths: Sequence[Path]) -> list[WheelFacts]:
        """Verify wheels and put them into the catalogue: all of them, or none when one is refused."""
        facts = [verify(path) for path in paths]
        with locked(self._lock):
            releases = self.releases()
            for path, added in zip(paths, facts, strict=True):
                self._check_addition(releases, added)
                if not self._has(releases, added):
                    write_bytes(self._wheel(added), path.read_bytes())
                    releases = [known for known in releases if not _same_release(known, added)] + [added]
            self._write(releases)
        return facts

    def releases(self) -> list[WheelFacts]:
        """Give every release in the catalogue."""
        return [WheelFacts(**stored) for stored in read_json(self.folder / "catalogue.json", [])]

    def search(self, text: str = "") -> list[App]:
        """Give the plugins whose name, label or summary holds every word of the text."""
        words = text.casefold().split()
        apps = sorted(self._apps().values(), key=lambda app: app.name)
        return [
            app for app in apps if all(word in f"{app.name} {app.label} {app.summary}".casefold() for word in words)
        ]

    def install(self, plugin: str, version: str | None = None) -> ActionResult:
        """Install a release, the newest without `version`; over an older one it is an upgrade. A restart loads it."""
        with locked(self._lock):
            facts = self._release(plugin, version)
            active = installed.read_active(self.home)
            current = active.get(plugin)
            if current and self._is_there(current):
                if Version(current.version) == Version(facts.version):
                    return ActionResult("ok", _("已经安装了 {version} 版。", version=facts.version), False)
                if Version(current.version) > Version(facts.version):
                    raise Conflict(
                        _(
                            "已安装较新的 {current} 版，不能降级到 {version}；请先卸载。",
                            current=current.version,
                            version=facts.version,
                        ),
                        code="downgrade",
                    )
            self._check_wheel(facts)
            self._unpack(facts)
            installed.write_active(self.home, {**active, plugin: Installed.from_facts(facts)})
            installed.write_removals(self.home, _without(installed.read_removals(self.home), plugin))
        return ActionResult("ok", _("安装完成,请重启平台"), True)

    def uninstall(self, plugin: str, remove_data: bool = False) -> ActionResult:
        """Take a plugin out of use at the next restart; its data stays unless `remove_data`."""
        with locked(self._lock):
            active = installed.read_active(self.home)
            if plugin not in active:
                raise NotFound(_("没有安装应用“{name}”。", name=plugin))
            if remove_data:
                removals = installed.read_removals(self.home)
                installed.write_removals(self.home, {**removals, plugin: active[plugin].version})
            installed.write_active(self.home, _without(active, plugin))
        return ActionResult("ok", _("卸载完成,请重启平台"), True)

    def sweep(self) -> None:
        """Delete half-written and retired releases. Only for a moment when no process uses them."""
        with locked(self._lock):
            kept = {(name, entry.version) for name, entry in installed.read_active(self.home).items()}
            kept |= set(installed.read_removals(self.home).items())
            for release in installed.folder(self.home).glob("*/*"):
                if release.is_dir() and (release.parent.name, release.name) not in kept:
                    shutil.rmtree(release)

    def _apps(self) -> dict[str, App]:
        active = installed.read_active(self.home)
        apps: dict[str, App] = {
            name: App(name, entry.label, entry.summary, entry.version, entry.version, "")
            for name, entry in active.items()
        }
        for facts in sorted(self.releases(), key=lambda facts: Version(facts.version)):
            present = active[facts.plugin].version if facts.plugin in active else None
            if present is None or Version(facts.version) >= Version(present):
                apps[facts.plugin] = App(
                    facts.plugin, facts.label, facts.summary, facts.version, present, facts.host_api
                )
        return apps

    def _release(self, plugin: str, version: str | None) -> WheelFacts:
        """Find a release; the newest is the newest final one, or the newest at all when none is final."""
        releases = [facts for facts in self.releases() if facts.plugin == plugin]
        if version is not None:
            releases = [facts for facts in releases if facts.version == version]
        if not releases:
            raise NotFound(_("应用商店里没有“{name}”。", name=plugin))
        return max(releases, key=lambda facts: (not Version(facts.version).is_prerelease, Version(facts.version)))

    def _check_addition(self, releases: Sequence[WheelFacts], added: WheelFacts) -> None:
        """Keep one plugin, distribution and package together, and an installed release as it is."""
        for known in releases:
            shared = {known.plugin == added.plugin, known.name == added.name, known.package == added.package}
            if len(shared) > 1:
                raise Refused(
                    _(
                        "{file} 与商店里的 {other} 争用同一个应用名、包名或发行名；请改名后重新打包。",
                        file=added.file,
                        other=known.file,
                    ),
                    code="name_taken",
                )
        active = installed.read_active(self.home).get(added.plugin)
        changes = any(_same_release(known, added) and known.contents != added.contents for known in releases)
        if active and active.version == added.version and changes:
            raise Conflict(
                _(
                    "{plugin} {version} 已经安装，内容与这个文件不同；请提高版本号后重新打包。",
                    plugin=added.plugin,
                    version=added.version,
                ),
                code="release_exists",
            )

    def _has(self, releases: Sequence[WheelFacts], added: WheelFacts) -> bool:
        """Tell whether the catalogue and the disk already have what was built from the same sources."""
        same = [known for known in releases if _same_release(known, added) and known.contents == added.contents]
        return any(self._wheel(known).is_file() and sha256(self._wheel(known)) == known.sha256 for known in same)

    def _check_wheel(self, facts: WheelFacts) -> None:
        """Judge the stored wheel again: the disk is not trusted to have kept it."""
        wheel = self._wheel(facts)
        if not wheel.is_file() or sha256(wheel) != facts.sha256 or verify(wheel) != facts:
            raise Refused(
                _(
                    "商店里的 {file} 与登记时的校验值不符，可能被改动过；请重新执行 lowcode store add。",
                    file=facts.file,
                ),
                code="wheel_changed",
            )

    def _unpack(self, facts: WheelFacts) -> None:
        """Let pip unpack the wheel beside the goal, then move it there in one step."""
        goal = installed.release_folder(self.home, facts.plugin, facts.version)
        part = goal.with_name(f"{goal.name}.tmp")
        shutil.rmtree(part, ignore_errors=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            _pip(facts, self._wheel(facts), part)
            sync_tree(part)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        shutil.rmtree(goal, ignore_errors=True)
        part.rename(goal)
        sync_folder(goal.parent)

    def _is_there(self, entry: Installed) -> bool:
        return (installed.release_folder(self.home, entry.plugin, entry.version) / entry.package).is_dir()

    def _wheel(self, facts: WheelFacts) -> Path:
        return self.folder / "wheels" / facts.file

    def _write(self, releases: Sequence[WheelFacts]) -> None:
        ordered = sorted(releases, key=lambda facts: (facts.plugin, Version(facts.version)))
        write_json(self.folder / "catalogue.json", [asdict(facts) for facts in ordered])


def _same_release(one: WheelFacts, other: WheelFacts) -> bool:
    return (one.plugin, one.version) == (other.plugin, other.version)


def _without(entries: Mapping[str, T], name: str) -> dict[str, T]:
    return {key: value for key, value in entries.items() if key != name}


def _pip(facts: WheelFacts, wheel: Path, target: Path) -> None:
    """Run pip with everything off that could fetch, build or run something."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as requirements:
        requirements.write(f"{facts.name} @ {wheel.resolve().as_uri()} --hash=sha256:{facts.sha256}\n")
        requirements.flush()
        command = [
            sys.executable,
            "-I",
            "-m",
            "pip",
            *PIP,
            *PIP_QUIET,
            "--target",
            str(target),
            "-r",
            requirements.name,
        ]
        done = subprocess.run(  # noqa: S603 (a fixed command; the names in it were verified)
            command, capture_output=True, text=True, timeout=PIP_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    if done.returncode or not (target / facts.package).is_dir():
        log.error("pip could not install %s: %s", facts.file, done.stderr.strip())
        raise Unavailable(_("没能安装 {file}；原因在平台的日志里，多半是磁盘已满或目录不可写。", file=facts.file))
