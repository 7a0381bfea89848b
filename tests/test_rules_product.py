"""Rules of products."""

import pytest

from crm_plugin.rules import product
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record


def test_a_product_in_a_quotation_is_kept(crm: Plugin) -> None:
    gateway = make_record(crm.forms["product"], id=5, name="网关")
    used = make_record(crm.forms["quotation"], id=1, lines=[{"product": 5}, {"product": None}])
    refusal = product.before_delete(gateway, FakeContext(records={"quotation": [used]}))
    assert refusal == "产品“网关”已用在报价单中，不能删除。请把状态改为“下架”。"


def test_an_unused_product_goes(crm: Plugin) -> None:
    gateway = make_record(crm.forms["product"], id=5, name="网关")
    other = make_record(crm.forms["quotation"], id=1, lines=[{"product": 6}])
    assert product.before_delete(gateway, FakeContext(plugin=crm, records={"quotation": [other]})) is None


@pytest.mark.parametrize("form", ["contract", "order"])
def test_a_product_in_a_contract_or_an_order_is_kept(crm: Plugin, form: str) -> None:
    gateway = make_record(crm.forms["product"], id=5, name="网关")
    used = make_record(crm.forms[form], id=1, lines=[{"product": 5}])
    refusal = product.before_delete(gateway, FakeContext(plugin=crm, records={form: [used]}))
    assert refusal == "产品“网关”已用在合同或订单中，不能删除。请把状态改为“下架”。"
