"""A small plugin that tests change to their needs, as a checkout and as a wheel."""

import base64
import hashlib
import textwrap
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from lowcode.database.engine import Database

MANIFEST = """\
plugin: toy
label: 玩具CRM管理
summary: 一个小应用
version: {version}
host_api: "{host_api}"
roles: {{keeper: 管理员}}
numbering:
  item: {{pattern: "T{{yyyy}}{{mm}}{{dd}}-{{seq:04}}", reset: day}}
panels: {{board: {{label: 看板, roles: [keeper]}}}}
jobs: {{tidy: {{label: 整理, every: minute}}}}
menu:
  - {{label: 物品, list: item/all}}
"""
FORM = """\
form: item
label: 物品
title: name
number: item
sections:
  - label: 基本
    fields:
      name: {label: 名称, type: text, max: 100, required: true, unique: true}
      price: {label: 价格, type: money}
      bought: {label: 购买时间, type: datetime}
      parts:
        label: 零件
        type: lines
        fields:
          part: {label: 零件, type: text, max: 50, required: true}
          amount: {label: 数量, type: number, digits: 3}
lists:
  all: {columns: [number, name, price]}
actions:
  polish: {label: 擦亮, roles: [keeper]}
access:
  keeper: {read: all, create: true, edit: all, delete: all}
  admin: {read: all, create: true, edit: all, delete: all}
"""
ENTRY = """\
from pathlib import Path
from lowcode.api import Declaration, hookimpl
from toy_plugin import item, pages

_here = Path(__file__).parent
ROOT = _here / "declarations" if (_here / "declarations").is_dir() else _here.parent


@hookimpl
def declare():
    return Declaration(root=ROOT, rules={"item": item}, hooks=(pages,))
"""
RULES = """\
from lowcode.api import Result, hookimpl


@hookimpl
def action_polish(record, ctx):
    return Result("好了")
"""
PAGES = """\
from lowcode.api import hookimpl


@hookimpl
def panel_board(ctx):
    return {}


@hookimpl
def job_tidy(ctx):
    return "整理好了"
"""


@dataclass
class Toy:
    """The plugin: files below the declarations, files of the package, and what goes around them in a wheel."""

    version: str = "1.0.0"
    host_api: str = ">=1.0,<2"
    declarations: dict[str, str] = field(default_factory=lambda: {"forms/item.yaml": FORM})
    package: dict[str, str] = field(
        default_factory=lambda: {"__init__.py": "", "plugin.py": ENTRY, "item.py": RULES, "pages.py": PAGES}
    )
    metadata: str = "Requires-Dist: lowcode-host>=1.0,<2\n"
    entry_points: str = "[lowcode.plugins]\ntoy = toy_plugin.plugin\n"

    def manifest(self) -> str:
        return self.declarations.get("manifest.yaml") or MANIFEST.format(version=self.version, host_api=self.host_api)

    def checkout(self, folder: Path) -> Path:
        """Write it the way a person works on it: declarations at the top, the package beside them."""
        files = {**self.declarations, "manifest.yaml": self.manifest()}
        files |= {f"toy_plugin/{name}": content for name, content in self.package.items()}
        files["setup.cfg"] = f"[options.entry_points]\n{self.entry_points.partition('[')[2].partition(']')[0]} ="
        files["setup.cfg"] += textwrap.indent(self.entry_points.partition("]")[2], "    ")
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
        return folder

    def members(self) -> dict[str, bytes]:
        """Give what a wheel holds beside its dist-info."""
        files = {f"toy_plugin/{name}": content for name, content in self.package.items()}
        declarations = {**self.declarations, "manifest.yaml": self.manifest()}
        files |= {f"toy_plugin/declarations/{name}": content for name, content in declarations.items()}
        return {name: content.encode() for name, content in files.items()}

    def wheel(self, folder: Path, name: str = "toy_plugin", more: Mapping[str, bytes] | None = None) -> Path:
        """Build the wheel."""
        info = f"{name}-{self.version}.dist-info"
        members = self.members() | dict(more or {})
        members[f"{info}/METADATA"] = (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {self.version}\n{self.metadata}".encode()
        )
        members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        members[f"{info}/entry_points.txt"] = self.entry_points.encode()
        folder.mkdir(parents=True, exist_ok=True)
        return write_wheel(folder / f"{name}-{self.version}-py3-none-any.whl", info, members)


def write_wheel(path: Path, info: str, members: Mapping[str, bytes], record: str | None = None) -> Path:
    """Zip members together with a RECORD, which is right unless given."""
    lines = [f"{name},sha256={digest(content)},{len(content)}" for name, content in members.items()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(f"{info}/RECORD", record if record is not None else "\n".join([*lines, f"{info}/RECORD,,"]))
    return path


def digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def tree(folder: Path) -> dict[str, str]:
    """Give the digest of every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def fill(db: Database) -> None:
    with db.write() as connection:
        for number in range(20):
            values = {"id": number, "name": f"物品{number}", "price": number * 100}
            connection.execute(
                text(
                    "INSERT INTO toy_item (id, version, created_at, updated_at, name, price)"
                    " VALUES (:id, 1, '2026-01-31 10:00:00', '2026-01-31 10:00:00', :name, :price)"
                ),
                values,
            )
            connection.execute(
                text("INSERT INTO toy_item_parts (id, record_id, position, part) VALUES (:id, :id, 1, 'x')"), values
            )


def contents(db: Database) -> list[Any]:
    with db.read() as connection:
        items = connection.execute(text("SELECT id, name, price FROM toy_item ORDER BY id")).all()
        parts = connection.execute(text("SELECT id, record_id FROM toy_item_parts ORDER BY id")).all()
    return [tuple(row) for row in (*items, *parts)]
