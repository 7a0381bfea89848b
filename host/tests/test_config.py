"""Names that installations rely on."""

from pathlib import Path

from lowcode.config import Config


def test_the_database_file_keeps_its_name(tmp_path: Path) -> None:
    """Another name would let an upgraded host start with an empty database."""
    assert Config(home=tmp_path).database_url == f"sqlite:///{tmp_path}/lowcode.db"
