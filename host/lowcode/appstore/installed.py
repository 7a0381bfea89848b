"""Which plugins are installed: one small file that is replaced in one step, and a folder for each release."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from lowcode.appstore.wheels import WheelFacts
from lowcode.running.durable import read_json, write_json


@dataclass(frozen=True, slots=True)
class Installed:
    """The release of one plugin that the next start loads."""

    plugin: str
    version: str
    package: str
    distribution: str
    label: str
    summary: str

    @classmethod
    def from_facts(cls, facts: WheelFacts) -> "Installed":
        """Take over what the wheel says."""
        return cls(facts.plugin, facts.version, facts.package, facts.name, facts.label, facts.summary)


def folder(home: Path) -> Path:
    """Give the folder of all plugins."""
    return home / "plugins"


def release_folder(home: Path, plugin: str, version: str) -> Path:
    """Give the folder that one release is installed into."""
    return folder(home) / plugin / version


def read_active(home: Path) -> dict[str, Installed]:
    """Read what the next start loads, by plugin."""
    stored = read_json(folder(home) / "active.json", {})
    return {name: Installed(plugin=name, **values) for name, values in sorted(stored.items())}


def write_active(home: Path, active: Mapping[str, Installed]) -> None:
    """Switch to other releases in one step."""
    stored = {name: {k: v for k, v in asdict(entry).items() if k != "plugin"} for name, entry in active.items()}
    write_json(folder(home) / "active.json", stored)


def read_removals(home: Path) -> dict[str, str]:
    """Read the plugins whose data the next start removes, with the release that knows the data."""
    stored: dict[str, str] = read_json(folder(home) / "removals.json", {})
    return stored


def write_removals(home: Path, removals: Mapping[str, str]) -> None:
    """Note the plugins whose data the next start removes."""
    if removals or read_removals(home):
        write_json(folder(home) / "removals.json", dict(removals))


def manifest_folder(home: Path, plugin: str, version: str) -> Path | None:
    """Find the declarations of an installed release without importing it."""
    found = next(release_folder(home, plugin, version).rglob("manifest.yaml"), None)
    return found.parent if found else None
