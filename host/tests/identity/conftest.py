import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lowcode.database.engine import Database
from lowcode.database.metadata import metadata


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{tmp_path / 'test.db'}")
    metadata.drop_all(database.engine)
    metadata.create_all(database.engine)
    yield database
    database.engine.dispose()
