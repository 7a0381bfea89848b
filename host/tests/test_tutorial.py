"""The tutorial cannot rot: its files are taken from its code blocks and put to work."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial.md"
FILE = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A code block whose fence names a file after the language."""


def run(folder: Path, *arguments: str, status: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOWCODE_")} | {
        "LANG": "en_US.UTF-8",
        "LOWCODE_HOME": str(folder / "instance"),
        "LOWCODE_ADMIN_PASSWORD": "choose-a-password",
    }
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, f"{' '.join(arguments)} answered {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader's folder after step 9."""
    folder = tmp_path_factory.mktemp("tutorial")
    blocks = FILE.findall(TUTORIAL.read_text(encoding="utf-8"))
    assert len({name for name, _content in blocks}) == len(blocks)
    for name, content in blocks:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    run(folder, "lowcode.cli", "migrate", "revision", ".", "-m", "First tables")
    return folder


def test_the_declarations_are_clean(project: Path) -> None:
    assert run(project, "lowcode.cli", "check", ".") == "No problems.\n"


def test_the_fault_is_shown_as_printed(project: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(project, tmp_path / "copy")
    form = folder / "equipment_loans" / "forms" / "equipment.yaml"
    misspelt = form.read_text(encoding="utf-8").replace("dictionary: equipment_kind", "dictionary: equipment_kinds")
    form.write_text(misspelt, encoding="utf-8")
    printed = re.search(r"^```text\n(forms/equipment\.yaml:.*?)^```$", TUTORIAL.read_text("utf-8"), re.M | re.S)
    assert printed
    answer = run(folder, "lowcode.cli", "check", ".", status=1)
    assert " ".join(printed[1].split()) in " ".join(answer.split())


def test_the_migration_leads_to_the_forms(project: Path) -> None:
    assert [file.name for file in (project / "equipment_loans/migrations/versions").glob("*.py")] == [
        "0001_first_tables.py"
    ]
    run(project, "lowcode.cli", "migrate", "drift", ".")


def test_the_rule_tests_pass(project: Path) -> None:
    assert " passed" in run(project, "pytest", "-p", "no:cacheprovider", "tests/test_rules_loan.py")


def test_the_conformance_suite_passes(project: Path) -> None:
    suite = ("tests/test_conformance.py", "--database", "sqlite")
    assert " passed" in run(project, "pytest", "-p", "no:cacheprovider", *suite)


def test_the_wheel_can_be_installed_from_the_store(project: Path) -> None:
    run(project, "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir", "dist", ".")
    (wheel,) = (project / "dist").glob("*.whl")
    assert run(project, "lowcode.cli", "store", "add", str(wheel)).startswith("loans 1.0.0")
    run(project, "lowcode.cli", "store", "install", "loans")
    run(project, "lowcode.cli", "migrate", "upgrade")
    planned = run(project, "lowcode.cli", "initialise", "loans", "--plan")
    assert planned == run(project, "lowcode.cli", "initialise", "loans")
    assert "equipment_kind  +3 =0" in planned


def test_the_next_release_gets_its_migration(project: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(project, tmp_path / "copy")
    field = re.search(r"`(note: \{.*?\})`", TUTORIAL.read_text("utf-8"))
    assert field
    form = folder / "equipment_loans" / "forms" / "loan.yaml"
    before, first, after = form.read_text(encoding="utf-8").partition("      purpose:")
    form.write_text(f"{before}      {field[1]}\n{first}{after}", encoding="utf-8")
    assert run(folder, "lowcode.cli", "migrate", "drift", ".", status=1).startswith("add_column loans_loan note")
    run(folder, "lowcode.cli", "migrate", "revision", ".", "-m", "Note of a loan")
    assert (folder / "equipment_loans/migrations/versions/0002_note_of_a_loan.py").is_file()
    run(folder, "lowcode.cli", "migrate", "drift", ".")
