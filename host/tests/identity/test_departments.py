from typing import Any

import pytest

from lowcode.database.engine import Database
from lowcode.errors import Invalid, NotFound
from lowcode.identity import departments, users
from lowcode.identity.loading import load_user


def add(db: Database, name: str, parent: int | None = None) -> int:
    return int(db.run(lambda c: departments.create(c, {"name": name, "parent": parent}))["id"])


def change(db: Database, department: int, **values: Any) -> dict[str, Any]:
    return db.run(lambda c: departments.update_department(c, department, values))


def member(db: Database, department: int | None) -> int:
    row = {"username": f"u{department}", "name": "李", "password": "a good password", "department": department}
    return int(db.run(lambda c: users.create(c, row, ()))["id"])


def subtree(db: Database, user: int) -> frozenset[int]:
    with db.read() as connection:
        return load_user(connection, user).department_ids


def test_the_tree_lists_parents_before_children(db: Database) -> None:
    top = add(db, "总部")
    other = add(db, "分公司")
    below = add(db, "销售部", top)
    with db.read() as connection:
        tree = departments.tree(connection)
    assert [(d["id"], d["level"]) for d in tree] == [(top, 0), (below, 1), (other, 0)]
    assert tree[1]["parent"] == {"id": top, "title": "总部"}


def test_a_move_takes_the_subtree_along(db: Database) -> None:
    ids = [add(db, f"部门{n}") for n in range(12)]
    a, b = ids[0], ids[10]  # /1/ and /11/: one path starts like the other
    child = add(db, "下级", a)
    grandchild = add(db, "下下级", child)
    boss_a, boss_b = member(db, a), member(db, b)
    assert subtree(db, boss_a) == {a, child, grandchild}
    change(db, child, parent=b)
    assert subtree(db, boss_a) == {a}
    assert subtree(db, boss_b) == {b, child, grandchild}
    change(db, child, parent=None)
    assert subtree(db, boss_b) == {b}


def test_no_rings(db: Database) -> None:
    a = add(db, "甲")
    b = add(db, "乙", a)
    c = add(db, "丙", b)
    for parent in (a, b, c):
        with pytest.raises(Invalid) as refusal:
            change(db, a, parent=parent)
        assert "parent" in refusal.value.errors


def test_faults_name_the_field(db: Database) -> None:
    a = add(db, "甲")
    for values in (
        {"parent": 99},
        {"head": 99},
        {"name": ""},
        {"name": "a\0b"},
        {"size": 3},
        {"parent": "1"},
        {"head": True},
    ):
        with pytest.raises(Invalid) as refusal:
            change(db, a, **values)
        assert set(refusal.value.errors) == set(values)
    with pytest.raises(NotFound):
        change(db, 99, name="乙")


def test_a_head_is_a_person(db: Database) -> None:
    a = add(db, "甲")
    head = member(db, a)
    assert change(db, a, head=head)["head"] == {"id": head, "title": "李"}
    assert change(db, a, head=None)["head"] is None


def test_a_person_without_department_has_no_subtree(db: Database) -> None:
    add(db, "甲")
    assert subtree(db, member(db, None)) == frozenset()
