"""The store: catalogue, install, upgrade, uninstall, and what happens when the disk or another person interferes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from lowcode.appstore import installed
from lowcode.appstore.store import ActionResult, Store
from lowcode.config import Config
from lowcode.errors import Conflict, Fault, NotFound, Refused, Unavailable
from lowcode.plugins.loading import discover
from tests.ops.toy import Toy, tree

INSTALLED = ActionResult("ok", "安装完成,请重启平台", True)


def test_search(store: Store, toy: Toy, tmp_path: Path) -> None:
    assert store.search() == []
    store.add([toy.wheel(tmp_path)])
    for text in ("", "crm", "CRM管理", "玩具 应用", "TOY"):
        assert [app.name for app in store.search(text)] == ["toy"], text
    assert store.search("没有") == []


def test_install_and_uninstall(store: Store, toy: Toy, tmp_path: Path, home: Path) -> None:
    store.add([toy.wheel(tmp_path)])
    assert store.install("toy") == INSTALLED
    folder = installed.release_folder(home, "toy", "1.0.0")
    assert (folder / "toy_plugin" / "declarations" / "forms" / "item.yaml").is_file()
    assert [plugin.state for plugin in discover(Config(home=home))] == ["active"]
    assert store.search()[0].installed_version == "1.0.0"
    assert store.install("toy").needs_restart is False
    assert store.uninstall("toy") == ActionResult("ok", "卸载完成,请重启平台", True)
    assert discover(Config(home=home)) == []
    assert folder.is_dir()  # running workers still use it
    store.sweep()
    assert not folder.exists()
    with pytest.raises(NotFound, match="没有安装应用"):
        store.uninstall("toy")


def test_unknown_app(store: Store) -> None:
    with pytest.raises(NotFound, match="应用商店里没有"):
        store.install("nothing")


def test_upgrade_and_downgrade(store: Store, tmp_path: Path, home: Path) -> None:
    store.add([Toy(version="1.0.0").wheel(tmp_path), Toy(version="1.10.0").wheel(tmp_path)])
    assert store.install("toy", "1.0.0") == INSTALLED
    assert (store.search()[0].version, store.search()[0].installed_version) == ("1.10.0", "1.0.0")
    assert store.install("toy") == INSTALLED
    assert installed.read_active(home)["toy"].version == "1.10.0"
    with pytest.raises(Conflict, match="不能降级") as refused:
        store.install("toy", "1.0.0")
    assert refused.value.code == "downgrade"
    assert installed.read_active(home)["toy"].version == "1.10.0"


def test_prerelease_is_not_the_newest(store: Store, tmp_path: Path, home: Path) -> None:
    store.add([Toy(version="1.0.0").wheel(tmp_path), Toy(version="2.0.0b1").wheel(tmp_path)])
    store.install("toy")
    assert installed.read_active(home)["toy"].version == "1.0.0"


def test_wheel_changed_after_add(store: Store, toy: Toy, tmp_path: Path, home: Path) -> None:
    (facts,) = store.add([toy.wheel(tmp_path)])
    toy.package["item.py"] += "\nEVIL = True\n"
    (store.folder / "wheels" / facts.file).write_bytes(toy.wheel(tmp_path / "evil").read_bytes())
    before = tree(home)
    with pytest.raises(Refused, match="校验值") as refused:
        store.install("toy")
    assert refused.value.code == "wheel_changed"
    assert tree(home) == before


def test_catalogue_and_wheel_changed_together(store: Store, toy: Toy, tmp_path: Path) -> None:
    """A digest that was made to fit does not make a wheel that breaks the rules pass."""
    (facts,) = store.add([toy.wheel(tmp_path)])
    evil = toy.wheel(tmp_path / "evil", more={"toy.pth": b"import os"})
    (store.folder / "wheels" / facts.file).write_bytes(evil.read_bytes())
    from lowcode.appstore.wheels import sha256

    store._write([replace(facts, sha256=sha256(evil))])
    with pytest.raises(Refused, match=r"toy\.pth"):
        store.install("toy")


def test_add_again(store: Store, toy: Toy, tmp_path: Path) -> None:
    first = toy.wheel(tmp_path)
    store.add([first])
    assert len(store.releases()) == 1
    store.add([first])
    store.install("toy")
    store.add([toy.wheel(tmp_path / "rebuilt")])
    assert len(store.releases()) == 1
    toy.package["item.py"] += "\nX = 1\n"
    with pytest.raises(Conflict, match="提高版本号"):
        store.add([toy.wheel(tmp_path / "changed")])
    store.uninstall("toy")
    store.add([toy.wheel(tmp_path / "changed")])
    assert store.install("toy") == INSTALLED


def test_names_are_not_shared(store: Store, toy: Toy, tmp_path: Path) -> None:
    store.add([toy.wheel(tmp_path)])
    with pytest.raises(Refused, match="争用") as refused:
        store.add([Toy().wheel(tmp_path / "other", name="toy_plugin2")])
    assert refused.value.code == "name_taken"
    assert [facts.name for facts in store.releases()] == ["toy-plugin"]


def test_spelling_does_not_make_a_second_app(store: Store, tmp_path: Path) -> None:
    store.add([Toy().wheel(tmp_path / "a", name="Toy.Plugin")])
    store.add([Toy().wheel(tmp_path / "b", name="toy_plugin")])
    assert [(facts.plugin, facts.name) for facts in store.releases()] == [("toy", "toy-plugin")]


def test_installing_at_once(store: Store, toy: Toy, tmp_path: Path, home: Path) -> None:
    store.add([toy.wheel(tmp_path)])
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _number: Store(home).install("toy"), range(4)))
    assert sorted(result.needs_restart for result in results) == [False, False, False, True]
    assert [path.name for path in (home / "plugins" / "toy").iterdir()] == ["1.0.0"]


def test_interrupted_install_is_swept(store: Store, toy: Toy, tmp_path: Path, home: Path) -> None:
    half = home / "plugins" / "toy" / "1.0.0.tmp"
    half.mkdir(parents=True)
    store.add([toy.wheel(tmp_path)])
    store.install("toy")
    assert not half.exists()
    half.mkdir()
    store.sweep()
    assert [path.name for path in half.parent.iterdir()] == ["1.0.0"]


def test_damaged_release_is_installed_again(store: Store, toy: Toy, tmp_path: Path, home: Path) -> None:
    store.add([toy.wheel(tmp_path)])
    store.install("toy")
    package = installed.release_folder(home, "toy", "1.0.0") / "toy_plugin"
    package.rename(package.with_name("gone"))
    (plugin,) = discover(Config(home=home))
    assert plugin.state == "disabled"
    assert "重新安装" in str(plugin.problems[0])
    assert store.install("toy") == INSTALLED
    assert discover(Config(home=home))[0].state == "active"


def test_pip_cannot_write(store: Store, toy: Toy, tmp_path: Path, home: Path) -> None:
    store.add([toy.wheel(tmp_path)])
    (home / "plugins").mkdir()
    (home / "plugins" / "toy").write_text("in the way")
    with pytest.raises((Unavailable, OSError)):
        store.install("toy")
    assert installed.read_active(home) == {}


def test_nothing_comes_from_an_index(store: Store, toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment cannot lead pip elsewhere."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    store.add([toy.wheel(tmp_path)])
    assert store.install("toy") == INSTALLED
    assert not (tmp_path / "elsewhere").exists()


def test_removal_is_noted_and_taken_back(store: Store, toy: Toy, tmp_path: Path, home: Path) -> None:
    store.add([toy.wheel(tmp_path)])
    store.install("toy")
    store.uninstall("toy", remove_data=True)
    assert installed.read_removals(home) == {"toy": "1.0.0"}
    store.sweep()
    assert installed.manifest_folder(home, "toy", "1.0.0") is not None
    store.install("toy")
    assert installed.read_removals(home) == {}


def test_damaged_catalogue_is_told(store: Store, home: Path) -> None:
    store.folder.mkdir(parents=True)
    (store.folder / "catalogue.json").write_text("{")
    with pytest.raises(Fault, match="catalogue"):
        store.search()
