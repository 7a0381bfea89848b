"""Rules of products."""

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
    assert product.before_delete(gateway, FakeContext(records={"quotation": [other]})) is None
