"""Faulty plugins are disabled with a reason that helps, and the host stays up."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lowcode.appstore.store import Store
from lowcode.config import Config
from lowcode.hooks import Hooks
from lowcode.plugins import guard
from lowcode.plugins import loading as plugins
from lowcode.plugins.checkout import entry_module, load_checkout
from lowcode.plugins.loading import LoadedPlugin, discover, load_module
from tests.ops.toy import FORM, PAGES, RULES, Toy

JOB = {"ctx": None, "state": None, "due_at": None}
"""What a job is called with."""


@pytest.fixture
def load(toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], LoadedPlugin]:
    """Load the toy from a checkout."""

    def load_toy() -> LoadedPlugin:
        monkeypatch.syspath_prepend(str(toy.checkout(tmp_path / "toy")))
        return load_module("toy_plugin.plugin")

    return load_toy


def test_good_plugin(load: Callable[[], LoadedPlugin]) -> None:
    plugin = load()
    assert (plugin.name, plugin.version, plugin.state, plugin.problems) == ("toy", "1.0.0", "active", ())
    assert plugin.locale == plugin.root / "locale"
    manager = plugins.manager([plugin])
    assert [name for name, _module in manager.list_name_plugin()] == ["toy.item", "toy"]


SABOTAGE: dict[str, tuple[Callable[[Toy], None], tuple[str, ...]]] = {
    "import error": (lambda toy: toy.package.update({"item.py": "import nowhere\n"}), ("item.py:1", "nowhere")),
    "syntax error": (lambda toy: toy.package.update({"item.py": "def (\n"}), ("SyntaxError",)),
    "exit on import": (
        lambda toy: toy.package.update({"item.py": "raise SystemExit(3)\n"}),
        ("SystemExit", "item.py:1"),
    ),
    "loop on import": (lambda toy: toy.package.update({"item.py": "while True:\n    pass\n"}), ("没有结束",)),
    "loop that swallows": (
        lambda toy: toy.package.update(
            {"item.py": "while True:\n    try:\n        while True: pass\n    except Exception: pass\n"}
        ),
        ("没有结束",),
    ),
    "no declare": (lambda toy: toy.package.update({"plugin.py": ""}), ("declare",)),
    "declare returns nothing": (
        lambda toy: toy.package.update(
            {"plugin.py": "from lowcode.api import hookimpl\n@hookimpl\ndef declare():\n    return None\n"}
        ),
        ("Declaration",),
    ),
    "declare raises": (
        lambda toy: toy.package.update(
            {"plugin.py": "from lowcode.api import hookimpl\n@hookimpl\ndef declare():\n    return 1 / 0\n"}
        ),
        ("ZeroDivisionError", "plugin.py:4"),
    ),
    "root without manifest": (
        lambda toy: toy.package.update({"plugin.py": toy.package["plugin.py"].replace("root=ROOT", "root=ROOT / 'x'")}),
        ("manifest.yaml",),
    ),
    "wrong host range": (lambda toy: setattr(toy, "host_api", ">=9"), (">=9", "1.0.0")),
    "fault in a form": (
        lambda toy: toy.declarations.update({"forms/item.yaml": FORM.replace("type: money", "type: mony")}),
        ("forms/item.yaml:9", "E201", "money"),
    ),
    "misspelt hook": (
        lambda toy: toy.package.update({"item.py": RULES + "\n\n@hookimpl\ndef compte(record, ctx):\n    pass\n"}),
        ("toy_plugin.item", "compte", "compute"),
    ),
    "wrong argument": (
        lambda toy: toy.package.update({"item.py": RULES + "\n\n@hookimpl\ndef compute(rec, ctx):\n    pass\n"}),
        ("toy_plugin.item", "compute", "rec"),
    ),
    "proposal not implemented": (
        lambda toy: toy.declarations.update(
            {
                "forms/item.yaml": FORM.replace(
                    "[keeper]}", "[keeper], proposes: true, params: {words: {label: 摘要, type: text}}}"
                )
            }
        ),
        ("item", "propose_polish"),
    ),
    "proposal not declared": (
        lambda toy: toy.package.update(
            {"item.py": RULES + "\n\n@hookimpl\ndef propose_polish(record, ctx):\n    pass\n"}
        ),
        ("toy_plugin.item", "propose_polish"),
    ),
    "action not implemented": (lambda toy: toy.package.update({"item.py": ""}), ("item", "action_polish")),
    "derived field without its hook": (
        lambda toy: toy.declarations.update(
            {"forms/item.yaml": FORM.replace("label: 价格, type: money", "label: 价格, type: money, derived: true")}
        ),
        ("item", "derive"),
    ),
    "panel not implemented": (
        lambda toy: toy.package.update({"pages.py": PAGES.replace("panel_board", "panel_bord")}),
        ("panel_board",),
    ),
    "job not implemented": (
        lambda toy: toy.package.update({"pages.py": PAGES.replace("def job_tidy", "def tidy")}),
        ("job_tidy",),
    ),
    "record hook where nobody calls it": (
        lambda toy: toy.package.update({"pages.py": PAGES + "\n\n@hookimpl\ndef compute(record):\n    pass\n"}),
        ("toy_plugin.pages", "compute"),
    ),
    "rules of an undeclared form": (
        lambda toy: toy.package.update({"plugin.py": toy.package["plugin.py"].replace('"item": item', '"itm": item')}),
        ("itm", "item"),
    ),
    "rules are no module": (
        lambda toy: toy.package.update({"plugin.py": toy.package["plugin.py"].replace('"item": item', '"item": 5')}),
        ("TypeError", "5"),
    ),
}


@pytest.mark.parametrize("case", SABOTAGE)
def test_sabotage_in_a_checkout(
    case: str, toy: Toy, load: Callable[[], LoadedPlugin], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "IMPORT_CPU_SECONDS", 0.3)
    change, words = SABOTAGE[case]
    change(toy)
    plugin = load()
    assert plugin.state == "disabled"
    told = " ".join(str(problem) for problem in plugin.problems)
    assert all(word in told for word in words), told
    assert plugins.manager([plugin]).list_name_plugin() == []


@pytest.mark.parametrize("case", SABOTAGE)
def test_sabotage_from_the_store(
    case: str, toy: Toy, store: Store, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "IMPORT_CPU_SECONDS", 0.3)
    change, words = SABOTAGE[case]
    change(toy)
    store.add([toy.wheel(tmp_path)])
    store.install("toy")
    began = time.monotonic()
    (plugin,) = discover(Config(home=home))
    assert time.monotonic() - began < 10
    assert (plugin.name, plugin.state) == ("toy", "disabled")
    told = " ".join(str(problem) for problem in plugin.problems)
    assert all(word in told for word in words), told


def test_import_that_waits(toy: Toy, load: Callable[[], LoadedPlugin], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "IMPORT_SECONDS", 0.3)
    toy.package["item.py"] = "import time\ntime.sleep(60)\n"
    assert "没有结束" in str(load().problems[0])


def test_safe_mode(toy: Toy, store: Store, home: Path, tmp_path: Path) -> None:
    toy.package["item.py"] = "import os\nos._exit(1)\n"
    store.add([toy.wheel(tmp_path)])
    store.install("toy")
    (plugin,) = discover(Config(home=home, safe_mode=True))
    assert plugin.state == "disabled"
    assert "安全模式" in str(plugin.problems[0])


def test_two_versions_in_one_process(store: Store, home: Path, tmp_path: Path) -> None:
    """An upgrade is loaded also where the old release was imported before."""
    old, new = Toy(version="1.0.0"), Toy(version="1.1.0")
    new.package["item.py"] += "\nNEW = True\n"
    store.add([old.wheel(tmp_path), new.wheel(tmp_path)])
    store.install("toy", "1.0.0")
    assert discover(Config(home=home))[0].version == "1.0.0"
    store.install("toy")
    (plugin,) = discover(Config(home=home))
    assert (plugin.version, plugin.state) == ("1.1.0", "active")
    assert plugin.declaration is not None
    assert plugin.declaration.rules["item"].NEW


def test_installed_release_wins_over_a_checkout(
    toy: Toy, store: Store, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(toy.checkout(tmp_path / "toy")))
    store.add([toy.wheel(tmp_path)])
    store.install("toy")
    (plugin,) = discover(Config(home=home))
    assert plugin.root is not None
    assert plugin.root.is_relative_to(home)


def test_second_plugin_with_the_same_names(tmp_path: Path) -> None:
    bare = FORM.replace("actions:\n  polish: {label: 擦亮, roles: [keeper]}\n", "")
    manifest = 'plugin: {0}\nlabel: X\nversion: 1.0.0\nhost_api: ">=1"\nroles: {{keeper: X}}\n'
    manifest += 'numbering:\n  item: {{pattern: "X{{{{seq:04}}}}", reset: never}}\n'
    loaded = []
    for name in ("first", "second"):
        folder = tmp_path / name
        (folder / "forms").mkdir(parents=True)
        (folder / "manifest.yaml").write_text(manifest.format(name).replace("{{", "{").replace("}}", "}"))
        (folder / "forms" / "item.yaml").write_text(bare)
        loaded.append(load_checkout(folder))
    assert [plugin.problems for plugin in loaded] == [(), ()]
    first, second = plugins.without_conflicts(loaded)
    assert (first.state, second.state) == ("active", "disabled")
    told = " ".join(map(str, second.problems))
    assert "forms item" in told
    assert "numbering item" in told
    assert "first" in told


def test_tables_that_collide(tmp_path: Path) -> None:
    """Plugin `a` with form `b_c` and plugin `a_b` with form `c` would share the table `a_b_c`."""
    loaded = []
    for name, form in (("a", "b_c"), ("a_b", "c")):
        folder = tmp_path / name
        (folder / "forms").mkdir(parents=True)
        (folder / "manifest.yaml").write_text(f'plugin: {name}\nlabel: X\nversion: 1.0.0\nhost_api: ">=1"\n')
        (folder / "forms" / f"{form}.yaml").write_text(
            f"form: {form}\nlabel: X\ntitle: name\nsections:\n  - label: X\n    fields:\n"
            "      name: {label: X, type: text}\nlists:\n  all: {columns: [name]}\n"
        )
        loaded.append(load_checkout(folder))
    assert [plugin.problems for plugin in loaded] == [(), ()]
    assert "table a_b_c" in str(plugins.without_conflicts(loaded)[1].problems[0])


def test_hooks_of_a_form_only(load: Callable[[], LoadedPlugin]) -> None:
    manager = plugins.manager([load()])
    hooks = Hooks(manager, {})
    assert hooks.named("job_tidy", "toy", **JOB) == "整理好了"
    assert hooks.named("panel_board", "toy", ctx=None, params={}) == {}


@pytest.mark.parametrize(("code", "kind"), [("raise SystemExit", RuntimeError), ("1 / 0", ZeroDivisionError)])
def test_hook_that_fails(code: str, kind: type[Exception], toy: Toy, load: Callable[[], LoadedPlugin]) -> None:
    toy.package["pages.py"] = PAGES.replace('return "整理好了"', code)
    with pytest.raises(kind) as failed:
        Hooks(plugins.manager([load()]), {}).named("job_tidy", "toy", **JOB)
    assert any("job_tidy of toy" in note for note in failed.value.__notes__)


def test_trace(
    load: Callable[[], LoadedPlugin], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOWCODE_TRACE_HOOKS", "1")
    Hooks(plugins.manager([load()]), {}).named("job_tidy", "toy", **JOB)
    assert "hook job_tidy [toy] -> '整理好了'" in capsys.readouterr().err


def test_checkout_by_setup_cfg(toy: Toy, tmp_path: Path) -> None:
    folder = toy.checkout(tmp_path / "toy")
    assert entry_module(folder) == "toy_plugin.plugin"
    assert load_checkout(folder).state == "active"


def test_checkout_by_pyproject(toy: Toy, tmp_path: Path) -> None:
    folder = toy.checkout(tmp_path / "toy")
    (folder / "setup.cfg").unlink()
    (folder / "pyproject.toml").write_text('[project.entry-points."lowcode.plugins"]\ntoy = "toy_plugin.plugin"\n')
    assert load_checkout(folder).state == "active"


def test_checkout_that_cannot_be_imported_shows_declaration_faults_too(toy: Toy, tmp_path: Path) -> None:
    toy.package["item.py"] = "import nowhere\n"
    toy.declarations["forms/item.yaml"] = FORM.replace("type: money", "type: mony")
    told = " ".join(str(problem) for problem in load_checkout(toy.checkout(tmp_path / "toy")).problems)
    assert "nowhere" in told
    assert "E201" in told


def test_path_is_left_alone_by_a_bad_range(toy: Toy, store: Store, home: Path, tmp_path: Path) -> None:
    """A plugin made for another host is not even imported."""
    toy.host_api = ">=9"
    store.add([toy.wheel(tmp_path)])
    store.install("toy")
    discover(Config(home=home))
    assert "toy_plugin" not in sys.modules
