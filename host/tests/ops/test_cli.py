"""The command line, as people and other programs use it."""

import re
from pathlib import Path

import pytest

from lowcode.config import Config
from lowcode.running import demo
from lowcode.version import HOST_API
from tests.ops.hosting import Host
from tests.ops.toy import FORM, RULES, Toy

SAMPLE = """\
def load(ctx):
    keeper = ctx.users.ensure("keeper1", "管理员甲", ["admin", "keeper"], "仓库")
    for number in range(3):
        with ctx.as_user(keeper) as theirs:
            theirs.forms.item.create({"name": f"物品{number}"})
    return "三件物品"
"""


@pytest.fixture
def host(home: Path) -> Host:
    return Host(home)


def add_sample(toy: Toy) -> None:
    toy.package["sample.py"] = SAMPLE
    entry = toy.package["plugin.py"].replace("import item, pages", "import item, pages, sample")
    toy.package["plugin.py"] = entry.replace("hooks=(pages,)", "hooks=(pages,), sample=sample")


def test_check(host: Host, toy: Toy, tmp_path: Path) -> None:
    done = host.command("check", str(toy.checkout(tmp_path / "good")))
    assert (done.returncode, done.stdout) == (0, "没有问题。\n")
    toy.declarations["forms/item.yaml"] = FORM.replace("type: money", "type: mony")
    done = host.command("check", str(toy.checkout(tmp_path / "bad")))
    assert done.returncode == 1
    assert done.stdout.startswith("forms/item.yaml:9  E201")
    assert not host.home.exists()  # needs no database


def test_check_in_english(host: Host, toy: Toy, tmp_path: Path) -> None:
    host.environment["LANG"] = "en_GB.UTF-8"
    toy.package["item.py"] = RULES.replace("polish", "plish")
    done = host.command("check", str(toy.checkout(tmp_path / "bad")))
    assert done.returncode == 1
    assert "there is no hook named action_plish here. Did you mean action_polish?" in done.stdout
    assert done.stdout.endswith("Problems found: 2.\n")


def test_migrations_of_a_checkout(host: Host, toy: Toy, tmp_path: Path) -> None:
    root = str(toy.checkout(tmp_path / "toy"))
    assert host.command("migrate", "drift", root).returncode == 1
    assert "0001_first_tables.py" in host.command("migrate", "revision", root, "-m", "First tables").stdout
    assert host.command("migrate", "drift", root).returncode == 0
    assert "不需要迁移" in host.command("migrate", "revision", root, "-m", "Nothing").stdout
    assert host.command("migrate", "drift", "--host").returncode == 0


def test_demo_tells_who_is_who(toy: Toy, home: Path, tmp_path: Path) -> None:
    add_sample(toy)
    config = Config(home=home, admin_password="a long password 1")
    admin, told, keeper = demo.prepare(config, [toy.wheel(tmp_path)])
    assert admin == "管理员：admin  a long password 1"
    assert told == "三件物品"
    assert re.fullmatch(r"  keeper1  \S{12}  管理员甲 · 管理员 · admin · 仓库", keeper)


def test_the_way_without_a_browser(host: Host, toy: Toy, tmp_path: Path) -> None:
    add_sample(toy)
    del host.environment["LOWCODE_ADMIN_PASSWORD"]
    assert host.command("store", "add", str(toy.wheel(tmp_path))).returncode == 0
    assert host.command("store", "list", "玩具").stdout.startswith("toy  玩具CRM管理  1.0.0  -")
    assert host.command("store", "install", "toy").stdout == "安装完成,请重启平台\n"
    first = host.command("migrate", "upgrade").stdout
    assert "初始密码" in first
    assert "初始密码" not in host.command("migrate", "upgrade").stdout
    assert host.command("migrate", "drift").stdout == "一致。\n"
    assert "+1" in host.command("initialise", "toy", "--plan").stdout
    assert "+1" in host.command("initialise", "toy").stdout
    assert "=1" in host.command("initialise", "toy").stdout
    told = host.command("sample", "toy").stdout.splitlines()
    assert told[0] == "三件物品"
    assert re.fullmatch(r"keeper1  \S{12}  管理员甲 · 管理员 · admin · 仓库", told[1])
    assert host.command("check", "--data").stdout == "没有问题。\n"
    assert host.command("user", "add", "anna", "--name", "Anna", "--role", "keeper").stdout.startswith("anna  ")
    assert "已被使用" in host.command("user", "add", "anna").stderr
    assert host.command("user", "passwd", "ANNA").stdout.startswith("ANNA  ")
    assert host.command("user", "passwd", "nobody").stderr == "没有用户 nobody。\n"
    copy = tmp_path / "copy.tar.gz"
    assert host.command("backup", str(copy)).returncode == 0
    assert host.command("restore", str(copy), "--force").returncode == 0
    assert host.command("store", "uninstall", "toy", "--remove-data").returncode == 0
    assert "toy：数据已删除。" in host.command("migrate", "upgrade").stdout


def test_refusals_are_one_sentence(host: Host, tmp_path: Path) -> None:
    (tmp_path / "bad.whl").write_bytes(b"")
    for words in (
        ("store", "add", str(tmp_path / "bad.whl")),
        ("store", "install", "nothing"),
        ("store", "uninstall", "nothing"),
        ("restore", str(tmp_path / "bad.whl")),
    ):
        done = host.command(*words)
        assert done.returncode == 1, words
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.endswith("。\n")


def test_version_and_reference(host: Host) -> None:
    assert host.command("version").stdout == f"{HOST_API}\n"
    assert "host_api" in host.command("reference").stdout


def test_version_is_that_of_the_package() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    assert f'version = "{HOST_API}"' in project.read_text(encoding="utf-8")
