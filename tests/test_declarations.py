"""What the declarations promise beyond what the host checks by itself."""

from lowcode.declare.model import Plugin

BUILTIN = {
    "product_unit", "payment_method", "courier", "invoice_type", "customer_status",
    "customer_level", "customer_source", "lead_source", "ticket_type", "product_category",
}  # fmt: skip
OBJECTS = {
    "lead": "XS", "customer": "KH", "opportunity": "SJ", "quotation": "BJ", "contract": "HT", "order": "DD",
    "shipment": "WL", "ticket": "GD", "payment": "SK", "invoice": "KP", "contract_change": "BG",
}  # fmt: skip


def test_ten_dictionaries_are_the_built_in_ones(crm: Plugin) -> None:
    assert {name for name, dictionary in crm.dictionaries.items() if dictionary.builtin} == BUILTIN


def test_the_states_of_a_quotation_are_the_dictionary_of_the_same_meaning(crm: Plugin) -> None:
    states = {name: (state.label, state.colour) for name, state in crm.workflows["quotation"].states.items()}
    items = {code: (item.label, item.colour) for code, item in crm.dictionaries["quote_status"].items.items()}
    assert list(states.items()) == list(items.items())


def test_a_lead_source_is_also_one_of_customers_and_opportunities(crm: Plugin) -> None:
    """Conversion copies the code."""
    leads = {code: item.label for code, item in crm.dictionaries["lead_source"].items.items()}
    for name in ("customer_source", "opp_source"):
        items = crm.dictionaries[name].items
        assert leads == {code: items[code].label for code in leads}


def test_the_default_of_a_number_is_among_its_suggestions(crm: Plugin) -> None:
    for _form, field in crm.all_fields():
        if field.suggest and field.default is not None:
            offered = {item.attributes["value"] for item in crm.dictionaries[field.suggest].items.values()}
            assert field.default in offered, field.name


def test_numbers_start_with_the_customers_prefixes_and_count_by_day(crm: Plugin) -> None:
    patterns = {name: rule.pattern for name, rule in crm.numbering.items()}
    assert patterns == {name: f"{prefix}{{yyyy}}{{mm}}{{dd}}-{{seq:04}}" for name, prefix in OBJECTS.items()}
    assert {rule.reset for rule in crm.numbering.values()} == {"day"}


def test_cost_and_floor_price_are_hidden_from_those_who_sell(crm: Plugin) -> None:
    fields = crm.forms["product"].fields
    for name in ("min_price", "cost_price"):
        assert set(fields[name].visible_to) == {"product", "finance", "admin"}


def test_the_pool_offers_no_new_customer(crm: Plugin) -> None:
    pool = crm.forms["customer"].lists["pool"]
    assert (pool.create, pool.where) == (False, {"owner__isnull": True})


def test_a_quotation_is_reviewed_by_the_head_and_an_executive(crm: Plugin) -> None:
    workflow = crm.workflows["quotation"]
    review = workflow.approvals[workflow.moves["submit"].approval or ""]
    assert [(step.name, dict(step.approvers)) for step in review.steps] == [
        ("head", {"head_of": "owner"}),
        ("exec", {"role": "exec"}),
    ]
    editable = {name for name, state in workflow.states.items() if state.editable}
    assert editable == set(workflow.moves["submit"].from_) == {"draft", "rejected", "withdrawn"}
    assert not workflow.states[workflow.moves["submit"].to].editable


def test_those_who_sell_do_not_see_that_a_price_is_below_the_floor(crm: Plugin) -> None:
    assert set(crm.forms["quotation"].fields["below_floor"].visible_to) == {"finance", "exec", "product", "admin"}


def test_only_the_system_expires_converts_releases_and_voids(crm: Plugin) -> None:
    moves = crm.workflows["quotation"].moves
    assert {name for name, move in moves.items() if move.by == ("system",)} == {"expire", "convert", "release", "void"}
    others = {name: set(move.by) for name, move in moves.items() if move.by != ("system",)}
    assert others.pop("withdraw") == {"submitter"}
    assert all(by == {"owner", "manager", "admin"} for by in others.values())
