"""Each check of the conformance suite fails when the promise it guards is broken, in the host or in the plugin."""

import gettext
import inspect
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from demo_plugin.rules import loan
from sqlalchemy import text, true

from lowcode import access, i18n, initialise, numbering, paging
from lowcode.api import hookimpl
from lowcode.connections import receiving
from lowcode.declare.model import MenuEntry
from lowcode.errors import Forbidden
from lowcode.fieldtypes import TextType, ValueFault
from lowcode.fieldtypes.numbers import NumberType
from lowcode.forms import LiveForm
from lowcode.platform import Platform
from lowcode.records import (
    acting,
    asking,
    deleting,
    describing,
    draft,
    history,
    listing,
    masking,
    pages,
    references,
    saving,
    searching,
    store,
)
from lowcode.schemas import FilledByHost
from lowcode.testing.client import Api
from lowcode.testing.conformance import Conformance, declarations, setup
from lowcode.testing.databases import SQLITE, Databases
from lowcode.testing.examples import Examples
from lowcode.web import bodies, gate, idempotency
from lowcode.web.api import openapi
from lowcode.web.api import records as api_records
from lowcode.workflow import machine

MODULES = ("demo_plugin.plugin",)
Patch = pytest.MonkeyPatch
Sabotage = Callable[[Patch], Any]
Damage = Callable[[Platform], None]


def _id(value: Any) -> str:
    return value.removeprefix("test_") if isinstance(value, str) else ""


class Demo(Conformance):
    modules = MODULES


def nothing(*_arguments: Any, **_named: Any) -> None:
    """Do nothing where something is to be done."""


def instead(module: Any, name: str, value: Any = nothing) -> Sabotage:
    """Replace a function of the host."""
    return lambda patch: patch.setattr(module, name, value)


def rule(name: str, body: Callable[..., Any], documented: bool = True) -> Sabotage:
    """Replace a rule of the demo plugin."""

    def sabotage(patch: Patch) -> None:
        body.__doc__ = "Do harm." if documented else None
        patch.setattr(loan, name, hookimpl(body))

    return sabotage


def statement(sql: str) -> Damage:
    """Change the database behind the host's back."""

    def damage(platform: Platform) -> None:
        with platform.db.write() as connection:
            connection.execute(text(sql))

    return damage


def impure(record: Any, ctx: Any) -> None:
    record.subject, record.days, record.total_deposit = "changed", 1, Decimal(0)


def idle(record: Any, ctx: Any) -> None:
    record.total_deposit, record.days = Decimal(0), None


def growing(record: Any, ctx: Any) -> None:
    record.days, record.total_deposit = (record.days or 0) + 1, Decimal(0)


def writing(record: Any, ctx: Any) -> None:
    record.days, record.total_deposit = 1, Decimal(0)
    ctx.connection.execute(text("UPDATE users SET name = name"))


def deriving_more(records: Any, ctx: Any) -> None:
    for record in records:
        record.days_left, record.subject = 1, "changed"


def deriving_one_by_one(records: Any, ctx: Any) -> None:
    for record in records:
        record.days_left = ctx.forms.loan.count(id=record.id)


def fixing(record: Any, original: Any, ctx: Any) -> None:
    record.notice = f"{record.notice or ''}!"


def write_first(ctx: Any, form: LiveForm, verb: str) -> None:
    """Refuse, but leave something behind, as a careless host would."""
    if not access.is_allowed(ctx, form, verb):
        with ctx.platform.db.engine.connect() as connection:
            ctx.connection.rollback()
            connection.execute(text("UPDATE library_item SET copies = coalesce(copies, 0) + 1"))
            connection.commit()
        raise Forbidden("no")


def write_beside(ctx: Any, form: LiveForm, verb: str) -> None:
    """Refuse as it should be, but keep count of it in a transaction of its own."""
    if not access.is_allowed(ctx, form, verb):
        with ctx.platform.db.write() as connection:
            connection.execute(text("UPDATE library_item SET copies = coalesce(copies, 0) + 1"))
        raise Forbidden("no")


def forget_teams(ctx: Any, form: LiveForm, records: Any) -> None:
    ctx.shared.setdefault(form.name, {}).update({record.id: None for record in records})


def lending(ctx: Any, form: LiveForm, verb: str, _roles: Any = None) -> Any:
    return access_grants(ctx, form, verb)


access_grants = access.grants


def preview_that_saves(ctx: Any, form: LiveForm, made: Any) -> dict[str, Any]:
    answer = saving_shown(ctx, form, made)
    ctx.connection.execute(text("UPDATE library_item SET copies = coalesce(copies, 0) + 1"))
    return answer


def preview_that_lies(ctx: Any, form: LiveForm, made: Any) -> dict[str, Any]:
    answer = saving_shown(ctx, form, made)
    return {**answer, "values": {**answer["values"], "days": 99}}


saving_shown = saving.shown


def forgiving(self: NumberType, field: Any, raw: Any) -> Any:
    try:
        return number_parse(self, field, raw)
    except ValueFault:
        return number_parse(self, field, "1")


number_parse = NumberType.parse


def cutting(self: TextType, field: Any, raw: Any) -> str:
    return TextType.parse_operand(self, field, raw)[: self.limit(field)].encode("ascii", "ignore").decode()


def forgetting(form: LiveForm, record: Any) -> dict[str, Any]:
    return {**store_row(form, record), **({"notice": None} if form.name == "loan" else {})}


store_row = store.row_of


def without_form(*arguments: Any) -> dict[str, Any]:
    found = openapi_document(*arguments)
    return {**found, "paths": {path: what for path, what in found["paths"].items() if "/loan/" not in path}}


openapi_document = openapi.document


def always_more(ctx: Any, plugin: str) -> dict[str, Any]:
    found = initialise_plan(ctx, plugin)
    return {**found, "numbering": [{**each, "add": True} for each in found["numbering"]]}


initialise_plan = initialise.plan


def any_version(ctx: Any, form: Any, record: Any, verb: str, version: Any) -> None:
    require_change(ctx, form, record, verb, None)


require_change = saving.require_change


def every_field(form: LiveForm, views: Any) -> set[str]:
    return set(form.fields)


def all_fields(form: LiveForm, roles: Any) -> dict[str, Any]:
    return dict(form.fields)


def more_menu(platform: Platform) -> None:
    plugin, _entries = platform.menu[0]
    platform.menu.append((plugin, (MenuEntry(label="x", list="item/no_such_list"),)))


HOST: list[tuple[str, str, Sabotage]] = [
    ("test_a_record_reads_back_as_it_was_sent", "loan", instead(store, "row_of", forgetting)),
    ("test_what_no_value_is_given_for_has_its_default", "loan", instead(numbering, "take")),
    ("test_a_preview_writes_nothing", "item", instead(saving, "shown", preview_that_saves)),
    ("test_the_preview_is_what_is_saved", "loan", instead(saving, "shown", preview_that_lies)),
    ("test_an_edit_changes_what_it_names_and_history_tells", "item", instead(history, "write")),
    ("test_a_deleted_record_is_in_the_bin_and_comes_back", "item", instead(deleting, "delete_record")),
    ("test_hostile_texts_are_kept_as_they_are", "item", instead(TextType, "parse", cutting)),
    ("test_control_characters_are_refused", "item", instead(TextType, "parse_operand", lambda _s, _f, raw: raw)),
    ("test_a_stale_change_is_refused", "item", instead(saving, "require_change", any_version)),
    ("test_a_repeated_request_makes_one_record", "loan", instead(idempotency, "_key")),
    ("test_every_filter_finds_its_record_and_no_other", "item", instead(listing, "_filter", lambda *_: None)),
    ("test_every_sort_orders", "item", instead(pages, "_in_order", lambda _form, _asked, found, _of: found)),
    ("test_search_finds_in_every_search_field", "item", instead(searching, "containing", lambda *_: text("1 = 0"))),
    ("test_pages_by_number_and_by_cursor_agree", "item", instead(pages, "_beyond", lambda *_: true())),
    ("test_what_is_not_declared_neither_filters_nor_sorts", "loan", instead(listing, "_allowed", every_field)),
    ("test_missing_required_fields_are_named", "loan", instead(draft, "_require")),
    ("test_what_the_host_fills_cannot_be_posted", "loan", instead(FilledByHost, "_deserialize", nothing)),
    ("test_texts_that_are_too_long_are_refused", "item", instead(TextType, "limit", lambda *_: 10**6)),
    ("test_values_of_the_wrong_kind_are_refused", "item", instead(NumberType, "parse", forgiving)),
    ("test_disabled_and_misplaced_choices_are_refused", "item", instead(references, "_choice_fault")),
    ("test_references_to_what_does_not_fit_are_refused", "loan", instead(references, "_pointer_fault")),
    ("test_roles_may_do_what_is_granted_and_nothing_else", "item", instead(access, "require")),
    ("test_roles_may_do_what_is_granted_and_nothing_else", "item", instead(access, "require", write_first)),
    ("test_scopes_limit_what_is_read_and_changed", "loan", instead(access, "clause", lambda *_: true())),
    ("test_scopes_limit_what_is_read_and_changed", "member", instead(access, "permits", lambda *_, **__: True)),
    ("test_what_is_out_of_scope_looks_like_what_does_not_exist", "loan", instead(access, "clause", lambda *_: true())),
    ("test_references_out_of_scope_are_refused", "loan", instead(access, "clause", lambda *_: true())),
    ("test_hidden_fields_are_neither_shown_nor_taken", "member", instead(listing, "visible_fields", all_fields)),
    (
        "test_masked_values_are_whole_for_whom_they_are_meant",
        "member",
        instead(masking, "hidden", lambda *_: frozenset()),
    ),
    (
        "test_masked_values_are_whole_for_whom_they_are_meant",
        "member",
        instead(searching, "of_the_whole", lambda _ctx, _form, _name, found: found),
    ),
    ("test_the_permission_matrix", "", instead(access, "permits", lambda *_, **__: True)),
    ("test_the_permission_matrix", "", instead(access, "clause", lambda *_: true())),
    ("test_the_permission_matrix", "", instead(access, "require", write_beside)),
    ("test_the_permission_matrix", "", instead(access, "know_teams", forget_teams)),
    ("test_the_permission_matrix", "", instead(access, "grants", lending)),
    ("test_nobody_gets_in_without_signing_in", "", instead(gate, "_admit")),
    ("test_no_message_gets_in_without_its_signature", "", instead(receiving, "admit")),
    ("test_what_is_not_offered_is_refused", "loan", instead(acting, "_authorise")),
    ("test_parameters_are_checked", "loan", instead(asking, "checked", lambda *_, **__: {})),
    ("test_initialise_plans_then_applies_then_has_nothing_left", "", instead(initialise, "plan", always_more)),
    ("test_the_form_is_in_openapi", "loan", instead(openapi, "document", without_form)),
    (
        "test_the_form_describes_itself",
        "loan",
        instead(describing, "visible_fields", lambda *_: {}),
    ),
    ("test_migrations_go_down_and_up_again", "", instead(setup, "downgrade")),
    ("test_a_change_without_a_version_is_refused", "item", instead(api_records, "_version", lambda *_: 1)),
    ("test_every_move_leads_where_it_says", "loan", instead(acting, "move")),
    ("test_exactly_the_declared_moves_succeed", "loan", instead(machine, "may_move", lambda *_: True)),
    ("test_lines_are_counted_and_their_own", "loan", instead(draft, "require_rows")),
    ("test_every_list_answers", "loan", instead(pages, "read", lambda *_: pages.Page([], 0, is_exact=True))),
    ("test_bad_paging_is_refused", "loan", instead(paging, "number", lambda *_: 1)),
    ("test_json_that_is_no_json_is_refused", "item", instead(bodies, "_constant", lambda _text: 0)),
    ("test_states_say_what_may_be_changed", "loan", instead(LiveForm, "allows", lambda *_: True)),
    ("test_declarations_load_without_a_problem", "", instead(Demo, "modules", ("demo_plugin.nothing",))),
    ("test_every_file_is_brought_along", "", instead(declarations, "_shipped", lambda *_: ["/manifest.yaml"])),
]

RULES: list[tuple[str, str, Sabotage]] = [
    ("test_compute_is_pure", "loan", rule("compute", impure)),
    ("test_compute_is_pure", "loan", rule("compute", growing)),
    ("test_compute_is_pure", "loan", rule("compute", writing)),
    ("test_computed_fields_are_computed", "loan", rule("compute", idle)),
    ("test_derive_is_pure", "loan", rule("derive", deriving_more)),
    ("test_derive_is_pure", "loan", rule("derive", deriving_one_by_one)),
    ("test_validate_is_pure", "loan", rule("validate", fixing)),
    ("test_every_rule_says_what_it_does", "", rule("after_move", lambda record, move, ctx: None, documented=False)),
]

DAMAGE: list[tuple[str, str, Damage]] = [
    ("test_migrations_lead_to_exactly_the_forms", "", statement("ALTER TABLE library_item ADD COLUMN extra INTEGER")),
    ("test_a_unique_value_is_taken_once", "item", statement("DROP INDEX uq_library_item_code")),
    ("test_unknown_fields_are_refused", "loan", lambda p: setattr(p.forms["loan"].schema, "unknown", "exclude")),
    ("test_menu_entries_can_be_opened", "", more_menu),
    ("test_every_label_is_translated", "", lambda _p: i18n._catalogues.update(en=gettext.NullTranslations())),
]


@pytest.fixture(scope="module", autouse=True)
def _template(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make the database that all copies are taken from before anything is broken."""
    with databases.platform(SQLITE, MODULES, tmp_path_factory.mktemp("home")):
        pass


def run(check: str, form: str, databases: Databases, platform: Platform, tmp_path: Path) -> None:
    """Call one check with what it asks for."""
    known = {
        "databases": databases,
        "database_kind": SQLITE,
        "tmp_path": tmp_path / "check",
        "platform": platform,
        "form": platform.forms.get(form),
        "examples": Examples(Api(platform)),
    }
    method = getattr(Demo(), check)
    method(**{name: known[name] for name in inspect.signature(method).parameters})


def fails(check: str, form: str, databases: Databases, platform: Platform, tmp_path: Path) -> None:
    """Expect the check to fail, and to say more than that something is false."""
    with pytest.raises(AssertionError) as fault:
        run(check, form, databases, platform, tmp_path)
    assert str(fault.value).strip()


@pytest.mark.parametrize(("check", "form", "sabotage"), [*HOST, *RULES], ids=_id)
def test_sabotage_is_noticed(
    check: str, form: str, sabotage: Sabotage, databases: Databases, tmp_path: Path, monkeypatch: Patch
) -> None:
    sabotage(monkeypatch)
    with databases.platform(SQLITE, MODULES, tmp_path) as platform:
        fails(check, form, databases, platform, tmp_path)


@pytest.mark.parametrize(("check", "form", "damage"), DAMAGE, ids=_id)
def test_damage_is_noticed(check: str, form: str, damage: Damage, databases: Databases, tmp_path: Path) -> None:
    with databases.platform(SQLITE, MODULES, tmp_path) as platform:
        damage(platform)
        fails(check, form, databases, platform, tmp_path)


def test_every_check_is_among_these() -> None:
    checks = {name for name in dir(Conformance) if name.startswith("test_")}
    assert {check for check, _form, _what in [*HOST, *RULES, *DAMAGE]} == checks
