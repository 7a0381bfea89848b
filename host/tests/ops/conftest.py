"""An empty home, its store and the small plugin."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lowcode.appstore.store import Store
from lowcode.database import autogenerate
from lowcode.database.engine import Database
from tests.ops.toy import Toy


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home)


@pytest.fixture
def toy_root(toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a checkout of the toy whose migrations lead to its forms."""
    root = toy.checkout(tmp_path / "toy")
    monkeypatch.syspath_prepend(str(root))
    assert autogenerate.revision(autogenerate.history_of(root), "first tables") is not None
    return root


@pytest.fixture(autouse=True)
def clean_imports() -> Iterator[None]:
    """Forget the toy after each test: the next one brings another under the same name."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name in [name for name in sys.modules if name.partition(".")[0] == "toy_plugin"]:
        del sys.modules[name]


@pytest.fixture
def open_db() -> Iterator[Callable[[str], Database]]:
    """Open databases that are closed after the test."""
    opened: list[Database] = []

    def open_one(url: str) -> Database:
        opened.append(Database(url))
        return opened[-1]

    yield open_one
    for db in opened:
        db.engine.dispose()
