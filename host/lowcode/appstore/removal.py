"""Remove the data of an uninstalled plugin, when the administrator asked for that."""

import logging
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, MetaData, Table, delete, func, select, text

from lowcode import configuration
from lowcode.appstore import installed
from lowcode.config import Config
from lowcode.database import derived
from lowcode.database.engine import Database
from lowcode.database.migrate import connection_for_ddl, exclusive, plugin_history
from lowcode.database.schema import (
    alike_keys,
    approval_copies,
    approval_definitions,
    approval_tasks,
    approvals,
    audit,
    dictionary_items,
    files,
    job_runs,
    merged_records,
    number_counters,
    number_rules,
    settings,
    state,
    team_members,
)
from lowcode.declare.load import load_plugin
from lowcode.declare.model import Plugin
from lowcode.records import alike_build
from lowcode.workflow import trail

log = logging.getLogger(__name__)

_CONTENT = func.coalesce(files.c.content, files.c.id)
"""Under which name a file's content is stored; copies share it."""


def remove_data(config: Config, db: Database) -> list[str]:
    """Do the removals that were asked for, each whole or not at all; give the names of the plugins."""
    done = []
    with exclusive(db):
        for name, version in installed.read_removals(config.home).items():
            root = installed.manifest_folder(config.home, name, version)
            plugin = load_plugin(root).plugin if root else None
            if plugin is None or plugin.name != name:
                log.error("The data of %s stays: its declarations can no longer be read.", name)
                continue
            with connection_for_ddl(db) as connection, connection.begin():
                orphans = _remove(connection, plugin)
            for file_id in orphans:
                Path(config.home, "files", file_id[:2], file_id).unlink(missing_ok=True)
            done.append(name)
        installed.write_removals(config.home, {})
    return done


def _remove(connection: Connection, plugin: Plugin) -> list[str]:
    """Drop the tables and delete what the host keeps about them; give the ids of files nobody holds any more."""
    history = plugin_history(plugin)
    history.tables.drop_all(connection)
    derived.put_right(connection, MetaData())
    connection.execute(text(f'DROP TABLE IF EXISTS "{history.version_table}"'))
    held = set(connection.scalars(select(_CONTENT).where(files.c.form.in_(plugin.forms))))
    trail.note_removal(connection, plugin.forms)
    for table, condition in _traces(plugin):
        connection.execute(delete(table).where(condition))
    configuration.touch(connection)
    return sorted(held.difference(connection.scalars(select(_CONTENT))))


def _traces(plugin: Plugin) -> list[tuple[Table, ColumnElement[bool]]]:
    """Give what the host's tables hold about a plugin, each before what it points to."""
    mine = approvals.c.form.in_(plugin.forms) | approvals.c.workflow.in_(plugin.workflows)
    runs = select(approvals.c.id).where(mine)
    return [
        (approval_tasks, approval_tasks.c.approval_id.in_(runs)),
        (approval_copies, approval_copies.c.approval_id.in_(runs)),
        (approvals, mine),
        (approval_definitions, approval_definitions.c.workflow.in_(plugin.workflows)),
        (files, files.c.form.in_(plugin.forms)),
        (team_members, team_members.c.form.in_(plugin.forms)),
        (alike_keys, alike_keys.c.form.in_(plugin.forms)),
        (merged_records, merged_records.c.form.in_(plugin.forms)),
        (state, state.c.key.in_([alike_build.mark(name) for name in plugin.forms])),
        (audit, audit.c.form.in_(plugin.forms)),
        (dictionary_items, dictionary_items.c.dictionary.in_(plugin.dictionaries)),
        (number_rules, number_rules.c.name.in_(plugin.numbering)),
        (number_counters, number_counters.c.rule.in_(plugin.numbering)),
        (settings, settings.c.plugin == plugin.name),
        (job_runs, job_runs.c.plugin == plugin.name),
    ]
