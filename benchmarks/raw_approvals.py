"""Approvals of the yardstick: the same rows are read and written as by the host, in as many transactions."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import psycopg

from benchmarks.raw_database import connect, read_quotation, rows

DEFINITION = json.dumps(
    {
        "label": "报价审批",
        "approved": "approved",
        "rejected": "rejected",
        "steps": [{"name": "head", "label": "部门负责人"}, {"name": "exec", "label": "高管"}],
    }
)
LOCK = "SELECT status FROM crm_quotation WHERE id = %s FOR UPDATE"
MOVE = "UPDATE crm_quotation SET status = %s, version = version + 1, updated_at = %s, updated_by = %s WHERE id = %s"
AUDIT = """INSERT INTO audit (at, "user", form, record, action, changes) VALUES (%s, %s, 'quotation', %s, %s, %s)"""
RUN = """
    INSERT INTO approvals (form, record, title, workflow, approval, definition, document, digest, submitted_by,
        submitted_at, step)
    VALUES ('quotation', %s, %s, 'quotation', 'review', %s, %s, %s, %s, %s, 0) RETURNING id"""
HEAD_OF = "SELECT d.head_id FROM users u JOIN departments d ON d.id = u.department_id WHERE u.id = %s"
EXECUTIVE = "SELECT u.id FROM users u JOIN user_roles r ON r.user_id = u.id WHERE r.role = 'exec' AND u.is_active"
ASK = """
    INSERT INTO approval_tasks (approval_id, step, position, "user", submitted_by, state, opened_at)
    VALUES (%s, %s, 0, %s, %s, 'open', %s)"""
TELL = """
    INSERT INTO notifications ("user", event, kind, at, text, "values", url)
    VALUES (%s, %s, %s, %s, '请审批', '{}', %s)"""
END_OF_TRAIL = "SELECT seq, hash FROM trail_head WHERE id = 1 FOR UPDATE"
TRAIL = """
    INSERT INTO trail (seq, at, approval_id, form, record, action, "user", step, opinion, details, digest, previous,
        hash)
    VALUES (%s, %s, %s, 'quotation', %s, %s, %s, %s, %s, '{}', %s, %s, %s)"""
GROW = "UPDATE trail_head SET seq = %s, hash = %s WHERE id = 1"
OF_RECORD = """
    SELECT a.*, u.name AS submitter FROM approvals a LEFT JOIN users u ON u.id = a.submitted_by
    WHERE a.form = 'quotation' AND a.record = %s ORDER BY a.id DESC LIMIT 1"""
TASKS = """
    SELECT t.*, u.name FROM approval_tasks t LEFT JOIN users u ON u.id = t."user"
    WHERE t.approval_id = %s ORDER BY t.id"""
TIMELINE = 'SELECT t.*, u.name FROM trail t LEFT JOIN users u ON u.id = t."user" WHERE approval_id = %s ORDER BY t.seq'
TASK = (
    """SELECT t.*, a.record, a.digest FROM approval_tasks t JOIN approvals a ON a.id = t.approval_id WHERE t.id = %s"""
)
DECIDE = "UPDATE approval_tasks SET state = 'agreed', opinion = %s, decided_at = %s WHERE id = %s AND state = 'open'"
OPEN_TASKS = """
    FROM approval_tasks t JOIN approvals a ON a.id = t.approval_id JOIN users b ON b.id = t."user"
    WHERE b.username = 'busy' AND t.state = 'open'"""
PAGE = f"""
    SELECT t.id, t.step, t.opened_at, a.form, a.record, a.title, a.definition, a.submitted_at, u.name
    {OPEN_TASKS.replace("WHERE", "LEFT JOIN users u ON u.id = a.submitted_by WHERE")}
    ORDER BY t.opened_at, t.id LIMIT %s"""


def submit(key: int) -> dict[str, Any]:
    """Move a quotation, freeze it, and ask the head of its owner's department."""
    connection, now = connect(), _now()
    with connection.transaction():
        connection.execute(LOCK, (key,))
        quotation = read_quotation(key)
        owner = quotation["owner"]
        _move(connection, key, "in_review", owner, now)
        document = json.dumps(quotation, default=str, ensure_ascii=False, sort_keys=True)
        digest = hashlib.sha256(document.encode()).hexdigest()
        values = (key, quotation["name"], DEFINITION, document, digest, owner, now)
        run = _value(connection.execute(RUN, values))
        head = _value(connection.execute(HEAD_OF, (owner,)))
        _ask(connection, run, 0, head, owner, now)
        _note(connection, (run, key, "submit", owner, "head", None, digest), now)
    return {"message": "已提交", "record": {**quotation, "status": "in_review"}, "open": None}


def read(key: int) -> dict[str, Any]:
    """Read the newest run of a quotation with its tasks and what happened so far."""
    run = rows(OF_RECORD, (key,))[0]
    tasks = rows(TASKS, (run["id"],))
    waiting = [task["id"] for task in tasks if task["state"] == "open"]
    timeline = rows(TIMELINE, (run["id"],))
    return {**run, "steps": tasks, "timeline": timeline, "task": waiting[0] if waiting else None}


def agree(task_id: int, opinion: str) -> dict[str, Any]:
    """Agree; the head's agreement asks the executive, whose agreement approves the quotation."""
    connection, now = connect(), _now()
    with connection.transaction():
        task = rows(TASK, (task_id,))[0]
        key, run, user = task["record"], task["approval_id"], task["user"]
        connection.execute(LOCK, (key,))
        connection.execute("SELECT id FROM approvals WHERE id = %s FOR UPDATE", (run,))
        connection.execute(DECIDE, (opinion, now, task_id))
        step = ("head", "exec")[task["step"]]
        _note(connection, (run, key, "agree", user, step, opinion, task["digest"]), now)
        if task["step"] == 0:
            connection.execute("UPDATE approvals SET step = 1 WHERE id = %s", (run,))
            _ask(connection, run, 1, _value(connection.execute(EXECUTIVE)), task["submitted_by"], now)
        else:
            closing = "UPDATE approvals SET step = 2, outcome = 'approved', closed_at = %s WHERE id = %s"
            connection.execute(closing, (now, run))
            _move(connection, key, "approved", user, now)
            _note(connection, (run, key, "approved", user, step, None, task["digest"]), now)
            _tell(connection, task["submitted_by"], run, "approval_decided", now)
    return {"id": task_id, "state": "agreed", "message": "已同意。"}


def todo(asked: dict[str, list[str]]) -> dict[str, Any]:
    """List what waits for somebody with very much to decide."""
    total = rows(f"SELECT count(*) {OPEN_TASKS}", ())[0]["count"]
    return {"items": rows(PAGE, (int(asked["per_page"][0]),)), "page": 1, "per_page": 20, "total": total}


def _move(connection: psycopg.Connection[Any], key: int, state: str, user: int, now: datetime) -> None:
    connection.execute(MOVE, (state, now, user, key))
    connection.execute(AUDIT, (now, user, key, state, json.dumps({"status": [None, state]})))


def _ask(connection: psycopg.Connection[Any], run: int, step: int, user: int, owner: int, now: datetime) -> None:
    connection.execute(ASK, (run, step, user, owner, now))
    _tell(connection, user, run, "approval_asked", now)


def _tell(connection: psycopg.Connection[Any], user: int, run: int, kind: str, now: datetime) -> None:
    connection.execute(TELL, (user, f"{kind}:{run}:{user}", kind, now, "/tasks"))


def _note(connection: psycopg.Connection[Any], entry: tuple[Any, ...], now: datetime) -> None:
    """Append to the trail; its end was made when the database was filled."""
    end = connection.execute(END_OF_TRAIL).fetchone()
    assert end is not None
    sealed = hashlib.sha256(json.dumps([end[1], *entry, str(now)], ensure_ascii=False).encode()).hexdigest()
    connection.execute(TRAIL, (end[0] + 1, now, *entry, end[1], sealed))
    connection.execute(GROW, (end[0] + 1, sealed))


def _value(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    assert row is not None
    return row[0]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
