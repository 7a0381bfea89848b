"""Hostile wheels: each is refused for its own reason, and nothing is written anywhere."""

import stat
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lowcode.appstore.store import Store
from lowcode.appstore.wheels import taken_by, verify
from lowcode.errors import Fault
from tests.ops.toy import Toy, digest, tree, write_wheel

INFO = "toy_plugin-1.0.0.dist-info"


def test_good_wheel(toy: Toy, tmp_path: Path) -> None:
    facts = verify(toy.wheel(tmp_path))
    assert (facts.name, facts.plugin, facts.version, facts.package) == ("toy-plugin", "toy", "1.0.0", "toy_plugin")
    assert facts.label == "玩具CRM管理"
    assert len(facts.sha256) == 64


def test_same_sources_have_same_contents(toy: Toy, tmp_path: Path) -> None:
    first = verify(toy.wheel(tmp_path))
    path = toy.wheel(tmp_path / "again")
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"built later"
    second = verify(path)
    assert first.sha256 != second.sha256
    assert first.contents == second.contents


def bad_hash(toy: Toy, folder: Path) -> Path:
    path = toy.wheel(folder)
    return _rewrite(path, lambda record: record.replace(digest(b""), digest(b"x")))


def missing_record_entry(toy: Toy, folder: Path) -> Path:
    path = toy.wheel(folder)
    return _rewrite(path, lambda record: "\n".join(line for line in record.split("\n") if "item.py" not in line))


def weak_hash(toy: Toy, folder: Path) -> Path:
    return _rewrite(
        toy.wheel(folder), lambda record: record.replace(f"sha256={digest(b'')}", "md5=1B2M2Y8AsgTpgAmY7PhCfg")
    )


def record_leaves(toy: Toy, folder: Path) -> Path:
    return _rewrite(toy.wheel(folder), lambda record: record + f"\n../../etc/passwd,sha256={digest(b'')},0")


def _rewrite(path: Path, change: Callable[[str], str]) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    record = members.pop(f"{INFO}/RECORD").decode()
    return write_wheel(path, INFO, members, change(record))


def overwrites_flask(toy: Toy, folder: Path) -> Path:
    return toy.wheel(folder, more={"flask/__init__.py": b"raise SystemExit"})


def renamed_to(name: str) -> Callable[[Toy, Path], Path]:
    def build(toy: Toy, folder: Path) -> Path:
        members = {path.replace("toy_plugin/", f"{name}/"): content for path, content in toy.members().items()}
        members[f"{INFO}/METADATA"] = b"Metadata-Version: 2.1\nName: toy_plugin\nVersion: 1.0.0\n"
        members[f"{INFO}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        members[f"{INFO}/entry_points.txt"] = f"[lowcode.plugins]\ntoy = {name}.plugin\n".encode()
        return write_wheel(folder / "toy_plugin-1.0.0-py3-none-any.whl", INFO, members)

    return build


def with_file(name: str, content: bytes = b"") -> Callable[[Toy, Path], Path]:
    return lambda toy, folder: toy.wheel(folder, more={name: content})


def symlink(toy: Toy, folder: Path) -> Path:
    path = toy.wheel(folder)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("toy_plugin/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return path


def twice(toy: Toy, folder: Path) -> Path:
    path = toy.wheel(folder)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("toy_plugin/item.py", "import os")
    return path


def sdist(_toy: Toy, folder: Path) -> Path:
    path = folder / "toy_plugin-1.0.0.tar.gz"
    path.write_bytes(b"")
    return path


def not_a_zip(_toy: Toy, folder: Path) -> Path:
    path = folder / "toy_plugin-1.0.0-py3-none-any.whl"
    path.write_bytes(b"<html>404</html>")
    return path


def truncated(toy: Toy, folder: Path) -> Path:
    path = toy.wheel(folder)
    path.write_bytes(path.read_bytes()[:-200])
    return path


def platform_wheel(toy: Toy, folder: Path) -> Path:
    path = toy.wheel(folder)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if not name.endswith("RECORD")}
    members[f"{INFO}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\n"
    return write_wheel(path, INFO, members)


def needs_missing(toy: Toy, folder: Path) -> Path:
    toy.metadata = "Requires-Dist: leftpad-deluxe>=1\n"
    return toy.wheel(folder)


def needs_other_version(toy: Toy, folder: Path) -> Path:
    toy.metadata = "Requires-Dist: flask<1\n"
    return toy.wheel(folder)


def needs_url(toy: Toy, folder: Path) -> Path:
    toy.metadata = "Requires-Dist: flask @ https://example.com/flask.whl\n"
    return toy.wheel(folder)


def no_manifest(toy: Toy, folder: Path) -> Path:
    return renamed_manifest(toy, folder, "manifest.txt")


def renamed_manifest(toy: Toy, folder: Path, name: str) -> Path:
    path = toy.wheel(folder)
    with zipfile.ZipFile(path) as archive:
        members = {
            member.replace("manifest.yaml", name): archive.read(member)
            for member in archive.namelist()
            if not member.endswith("RECORD")
        }
    return write_wheel(path, INFO, members)


def manifest(content: str) -> Callable[[Toy, Path], Path]:
    def build(toy: Toy, folder: Path) -> Path:
        toy.declarations["manifest.yaml"] = content
        return toy.wheel(folder)

    return build


def entry_points(content: str) -> Callable[[Toy, Path], Path]:
    def build(toy: Toy, folder: Path) -> Path:
        toy.entry_points = content
        return toy.wheel(folder)

    return build


GOOD_LINES = 'plugin: toy\nlabel: 玩具\nversion: 1.0.0\nhost_api: ">=1"\n'
HOSTILE: dict[str, tuple[Callable[[Toy, Path], Path], str]] = {
    "wrong hash in RECORD": (bad_hash, "RECORD"),
    "file missing in RECORD": (missing_record_entry, "RECORD"),
    "weak hash in RECORD": (weak_hash, "校验值"),
    "RECORD leaves the folder": (record_leaves, "不安全"),
    "overwrites flask": (overwrites_flask, "一个顶层包"),
    "is called flask": (renamed_to("flask"), "Flask"),
    "is called like a standard module": (renamed_to("json"), "标准库"),
    "is called lowcode": (renamed_to("lowcode"), "lowcode-host"),
    "other case": (renamed_to("Flask"), "Flask"),
    "pth file": (with_file("toy.pth", b"import os"), "toy.pth"),
    "pth file inside": (with_file("toy_plugin/x.pth", b"import os"), "x.pth"),
    "climbs out": (with_file("../evil.py"), "不安全"),
    "climbs out inside": (with_file("toy_plugin/../../evil.py"), "不安全"),
    "absolute": (with_file("/tmp/evil.py"), "不安全"),
    "backslash": (with_file("toy_plugin\\..\\evil.py"), "不安全"),
    "drive": (with_file("C:evil.py"), "不安全"),
    "scripts": (with_file("toy_plugin-1.0.0.data/scripts/run", b"#!python"), "脚本"),
    "data folder": (with_file("toy_plugin-1.0.0.data/data/etc/x"), "数据目录"),
    "console script": (entry_points("[console_scripts]\ntoy = toy_plugin.plugin:x\n"), "console_scripts"),
    "second package": (with_file("other/__init__.py"), "一个顶层包"),
    "single module": (with_file("helper.py"), "一个顶层包"),
    "native library": (with_file("toy_plugin/fast.cpython-311-x86_64-linux-gnu.so", b"\x7fELF"), "纯 Python"),
    "native library with a number": (with_file("toy_plugin/libx.so.1", b"\x7fELF"), "纯 Python"),
    "compiled": (with_file("toy_plugin/hidden.pyc"), "纯 Python"),
    "zip bomb": (with_file("toy_plugin/zeros.txt", bytes(30_000_000)), "压缩"),
    "symlink": (symlink, "普通文件"),
    "member twice": (twice, "不安全"),
    "member twice in another case": (with_file("toy_plugin/ITEM.py"), "不安全"),
    "sdist": (sdist, "源码包"),
    "not a zip": (not_a_zip, "损坏"),
    "truncated": (truncated, "损坏"),
    "platform wheel": (platform_wheel, "纯 Python"),
    "two dist-infos": (with_file("other-1.0.dist-info/METADATA", b"Name: other"), "dist-info"),
    "needs what the host lacks": (needs_missing, "leftpad-deluxe"),
    "needs another version": (needs_other_version, "flask<1"),
    "needs something from the net": (needs_url, "flask"),
    "no manifest": (no_manifest, "manifest.yaml"),
    "two manifests": (with_file("toy_plugin/manifest.yaml", GOOD_LINES.encode()), "2 个"),
    "manifest with a tag": (manifest(GOOD_LINES + "label: !!python/object:os.system x\n"), "manifest.yaml:5"),
    "manifest without a label": (manifest(GOOD_LINES.replace("label", "lable")), "label"),
    "manifest with a path as name": (manifest(GOOD_LINES.replace("toy", "../toy")), "plugin"),
    "manifest with another version": (manifest(GOOD_LINES.replace("1.0.0", "1.0.1")), "1.0.1"),
    "manifest with a bad range": (manifest(GOOD_LINES.replace(">=1", "one")), "host_api"),
    "no entry point": (entry_points(""), "lowcode.plugins"),
    "two entry points": (
        entry_points("[lowcode.plugins]\ntoy = toy_plugin.plugin\nb = toy_plugin.item\n"),
        "2 个",
    ),
    "entry point elsewhere": (entry_points("[lowcode.plugins]\ntoy = os.path\n"), "os.path"),
    "entry point is an expression": (entry_points("[lowcode.plugins]\ntoy = os:system('x')\n"), "入口点"),
    "entry point of another name": (entry_points("[lowcode.plugins]\ntoys = toy_plugin.plugin\n"), "toys"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_wheel(case: str, toy: Toy, store: Store, tmp_path: Path) -> None:
    build, reason = HOSTILE[case]
    wheel = build(toy, tmp_path)
    packages = Path(next(path for path in sys.path if path.endswith("site-packages")))
    before = {path.name for path in packages.iterdir()}, tree(tmp_path)
    with pytest.raises(Fault) as refused:
        store.add([wheel])
    assert refused.value.code == "wheel_refused"
    assert reason in refused.value.detail
    assert refused.value.detail.endswith("。")
    assert str(tmp_path) not in refused.value.detail
    assert ({path.name for path in packages.iterdir()}, tree(tmp_path)) == before


def test_no_wheel_is_added_when_one_is_refused(toy: Toy, store: Store, tmp_path: Path) -> None:
    good = toy.wheel(tmp_path / "good")
    with pytest.raises(Fault, match="源码包"):
        store.add([good, sdist(toy, tmp_path)])
    assert store.releases() == []


def test_spellings_are_one_name(tmp_path: Path) -> None:
    names = {
        verify(Toy().wheel(tmp_path / name, name=name)).name for name in ("Toy.Plugin", "toy_plugin", "TOY_PLUGIN")
    }
    assert names == {"toy-plugin"}


def test_own_package_is_not_taken() -> None:
    assert taken_by("flask", "flask") is None
    assert taken_by("flask", "toy-plugin") == "Flask"
