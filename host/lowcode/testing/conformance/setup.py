"""Checks of installing: migrations, initialise, menu, OpenAPI."""

import json
from contextlib import closing
from pathlib import Path

from alembic.config import Config as AlembicConfig
from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import inspect

from lowcode import panels
from lowcode.database import autogenerate, migrate
from lowcode.database.engine import Database
from lowcode.database.migrate import History
from lowcode.declare.model import MenuEntry
from lowcode.forms import LiveForm
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.conformance.base import Checks, need
from lowcode.testing.databases import Databases, loaded
from lowcode.testing.examples import Examples


class SetupChecks(Checks):
    """Checks of the way from an empty database to a menu."""

    def test_migrations_lead_to_exactly_the_forms(self, platform: Platform) -> None:
        """What the migrations make is what the forms declare."""
        assert autogenerate.drift(platform.db, platform.plugins) == []

    def test_migrations_go_down_and_up_again(self, databases: Databases, database_kind: str) -> None:
        """Taking all migrations back leaves none of the plugin's tables, and they can be run again."""
        histories = [each for each in migrate.histories(loaded(self.modules))[1:] if each.head is not None]
        need(histories, "The plugin brings no migrations: its tables are made from its forms.")
        with databases.empty(database_kind) as url:
            db = Database(url)
            with closing(db.engine.raw_connection()):
                pass  # the file exists from here on
            migrate.upgrade(db, loaded(self.modules))
            for history in histories:
                downgrade(db, history)
                with db.read() as connection:
                    left = set(inspect(connection).get_table_names()) & set(history.tables.tables)
                assert left == set(), f"The downgrade leaves {left}."
            migrate.upgrade(db, loaded(self.modules))
            assert autogenerate.drift(db, loaded(self.modules)) == []
            db.engine.dispose()

    def test_initialise_plans_then_applies_then_has_nothing_left(
        self, databases: Databases, database_kind: str, tmp_path: Path
    ) -> None:
        """The plan names what is then added; a second time nothing is added and nothing changes."""
        with databases.platform(database_kind, self.modules, tmp_path, initialised=False) as fresh:
            api = Api(fresh)
            for each in fresh.active_plugins:
                assert each.declared is not None
                initialise_twice(api, each.name)
                for name, dictionary in each.declared.dictionaries.items():
                    items = api.get(f"/dictionaries/{name}").expect(200)["items"]
                    assert [item["code"] for item in items] == list(dictionary.items)

    def test_menu_entries_can_be_opened(self, platform: Platform, examples: Examples) -> None:
        """Each entry opens a list or a panel that some role may see."""
        for plugin, entries in platform.menu:
            for entry in entries:
                open_entry(examples, plugin.name, entry)

    def test_the_form_is_in_openapi(self, form: LiveForm, examples: Examples) -> None:
        """The document describes the calls and the fields of the form."""
        need(examples.may(form.name, "read"), "No role reads this form.")
        document = examples.api.get("/openapi.json").expect(200)
        base = f"/api/v1/forms/{form.name}"
        assert {f"{base}/records", f"{base}/records/{{id}}", f"{base}/preview"} <= document["paths"].keys()
        described = document["components"]["schemas"][form.name]["properties"]
        assert set(form.declared.fields) <= described.keys()

    def test_the_form_describes_itself(self, form: LiveForm, examples: Examples) -> None:
        """The declaration over HTTP names every field, list, action and state."""
        need(examples.may(form.name, "read"), "No role reads this form.")
        shown = examples.api.get(f"/forms/{form.name}").expect(200)
        names = [field["name"] for section in shown["sections"] for field in section["fields"]]
        assert names == list(form.declared.fields)
        assert all(field["label"] for section in shown["sections"] for field in section["fields"])
        assert [view["name"] for view in shown["lists"]] == list(form.declared.lists)
        assert list(shown["states"]) == list(form.workflow.states if form.workflow else ())
        assert {action["name"] for action in shown["actions"]} >= set(form.declared.actions)
        assert form.name in {each["name"] for each in examples.api.get("/forms").expect(200)}


def downgrade(db: Database, history: History) -> None:
    """Take back all migrations of a history."""
    environment = EnvironmentContext(
        AlembicConfig(),
        history.script,
        fn=lambda revision, _context: history.script._downgrade_revs("base", revision),
        destination_rev="base",
    )
    with migrate.connection_for_ddl(db) as connection:
        with environment:
            environment.configure(
                connection=connection, version_table=history.version_table, transaction_per_migration=True
            )
            with environment.begin_transaction():
                environment.run_migrations()
        connection.commit()


def initialise_twice(api: Api, plugin: str) -> None:
    """Hold the plan equal to what is done, and a second run to doing nothing."""
    address = f"/apps/{plugin}/initialise"
    plan = api.get(address).expect(200)
    assert any(part["add"] for section in plan.values() for part in section), "There is nothing to initialise."
    assert api.post(address, {}).expect(200) == plan
    again = api.get(address).expect(200)
    assert not any(part["add"] for section in again.values() for part in section), again
    assert api.post(address, {}).expect(200) == again


def open_entry(examples: Examples, plugin: str, entry: MenuEntry) -> None:
    """Follow one entry of the menu."""
    if entry.list:
        form, _slash, view = entry.list.partition("/")
        assert examples.may(form, "read"), f"The menu entry '{entry.label}' opens a list that no role may read."
        examples.api.get(f"/forms/{form}/records", list=view).expect(200)
    if entry.panel:
        platform = examples.platform
        declared = next(each.panels[entry.panel] for each, _menu in platform.menu if each.name == plugin)
        panel, hook = panels.Found(plugin, declared), f"panel_{entry.panel}"
        data = platform.as_system(
            lambda ctx: platform.hooks.named(hook, plugin, ctx=ctx, params=panels.defaults(ctx, panel))
        )
        assert isinstance(data, dict), f"The panel '{entry.panel}' gives no plain data."
        json.loads(examples.api.app.json.dumps(data))
        person = examples.api.as_user(*declared.roles)
        person.open("GET", f"/panel/{entry.panel}", person.credentials).expect(200)
