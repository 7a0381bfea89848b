"""Uninstalling keeps the data unless asked; then nothing of the plugin stays, and all of the others."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, text

from lowcode.appstore import installed
from lowcode.appstore.removal import remove_data
from lowcode.appstore.store import Store
from lowcode.config import Config
from lowcode.database.derived import is_derived
from lowcode.database.engine import Database
from lowcode.database.schema import approval_definitions, approval_tasks, approvals, files, team_members
from lowcode.running.startup import prepare
from tests.ops.toy import FORM, Toy, contents, fill

OpenDb = Callable[[str], Database]
FLOW = """\
workflow: item_flow
label: 物品审核
form: item
status_label: 状态
states: {draft: {label: 草稿, editable: true}, in_review: {label: 审批中}, approved: {label: 已批准}}
moves:
  submit: {label: 提交, from: draft, to: in_review, by: keeper, approval: review}
approvals:
  review:
    label: 审批
    approved: approved
    rejected: draft
    steps: [{name: head, label: 主管, approvers: {role: admin}, mode: any}]
"""


def test_removal(
    database_url: str, home: Path, store: Store, open_db: OpenDb, toy_root: Path, toy: Toy, tmp_path: Path
) -> None:
    """Uninstalling keeps the data; only when asked the next start removes them, and only those of the plugin."""
    config = Config(home=home, database_url=database_url, admin_password="a long password 1")
    (migration,) = (toy_root / "migrations" / "versions").glob("*.py")
    toy.declarations["migrations/versions/0001_first.py"] = migration.read_text(encoding="utf-8")
    store.add([toy.wheel(tmp_path)])
    store.install("toy")
    prepare(config)
    db = open_db(database_url)
    with db.read() as connection:
        host_tables = {name for name in tables(connection) if not name.startswith("toy_") and not is_derived(name)}
    fill(db)
    with db.write() as connection:
        connection.execute(
            text("INSERT INTO settings (plugin, name, value) VALUES ('toy', 'x', '1'), ('other', 'x', '1')")
        )
    store.uninstall("toy")
    assert prepare(config).removed == []
    assert len(contents(db)) == 40
    store.install("toy")
    store.uninstall("toy", remove_data=True)
    assert prepare(config).removed == ["toy"]
    assert prepare(config).removed == []
    with db.read() as connection:
        assert tables(connection) == host_tables
        assert connection.execute(text("SELECT plugin FROM settings")).scalars().all() == ["other"]
    assert installed.read_removals(home) == {}
    assert remove_data(config, db) == []


def test_approvals_go_along(
    database_url: str, home: Path, store: Store, open_db: OpenDb, toy: Toy, tmp_path: Path
) -> None:
    """Otherwise the next installation would find old steps, and tasks would be about records that are gone."""
    config = Config(home=home, database_url=database_url, admin_password="a long password 1")
    toy.declarations["workflows/item_flow.yaml"] = FLOW
    toy.declarations["forms/item.yaml"] = FORM.replace("number: item", "number: item\nworkflow: item_flow")
    store.add([toy.wheel(tmp_path)])
    store.install("toy")
    assert prepare(config).migrated["toy"] is None
    db = open_db(database_url)
    with db.write() as connection:
        for number, (form, flow) in enumerate((("item", "item_flow"), ("other", "other_flow")), 1):
            connection.execute(
                insert(approval_definitions).values(workflow=flow, approval="review", version=1, steps=[], edited=False)
            )
            connection.execute(
                insert(approvals).values(
                    id=number,
                    form=form,
                    record=1,
                    title="x",
                    workflow=flow,
                    approval="review",
                    definition={},
                    document={},
                    digest="",
                    submitted_at=datetime.now(UTC),
                    step=0,
                )
            )
            connection.execute(
                insert(approval_tasks).values(approval_id=number, step=0, position=0, user=1, state="open")
            )
            member = {"form": form, "record": 1, "user": 1, "level": "write", "added_at": datetime.now(UTC)}
            connection.execute(insert(team_members).values(member))
    store.uninstall("toy", remove_data=True)
    assert prepare(config).removed == ["toy"]
    with db.read() as connection:
        assert connection.scalars(select(approval_definitions.c.workflow)).all() == ["other_flow"]
        assert connection.scalars(select(approvals.c.id)).all() == [2]
        assert connection.scalars(select(approval_tasks.c.approval_id)).all() == [2]
        assert connection.scalars(select(team_members.c.form)).all() == ["other"]  # ids begin anew after a new install


def test_contents_go_with_the_last_that_shows_them(
    database_url: str, home: Path, store: Store, open_db: OpenDb, toy_root: Path, toy: Toy, tmp_path: Path
) -> None:
    """A copy of a file in another plugin's record shows contents that were stored for the first one."""
    config = Config(home=home, database_url=database_url, admin_password="a long password 1")
    store.add([toy.wheel(tmp_path)])
    store.install("toy")
    prepare(config)
    stored = {"ours": ("item", None), "lent": ("item", None), "theirs": ("other", "lent"), "again": ("item", "lent")}
    with open_db(database_url).write() as connection:
        for name, (form, content) in stored.items():
            facts = {"name": name, "type": "text/plain", "size": 1, "sha256": "", "created_by": 1}
            values = {**facts, "id": name, "form": form, "record": 1, "content": content}
            connection.execute(insert(files).values(created_at=datetime.now(UTC), **values))
    contents = {name: home / "files" / name[:2] / name for name in ("ours", "lent")}
    for path in contents.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    store.uninstall("toy", remove_data=True)
    assert prepare(config).removed == ["toy"]
    assert {name: path.exists() for name, path in contents.items()} == {"ours": False, "lent": True}


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())
