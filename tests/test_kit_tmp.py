import pytest
@pytest.fixture(scope="session")
def plugin_modules(): return ["crm_plugin.plugin"]
@pytest.mark.parametrize("n", range(5))
def test_x(api, n):
    r = api.post("/forms/product/records",{"code":"P1","name":"网关","category":"gateway","unit":"pc","reference_price":"999.99"})
    assert r.status==201, r
    sales=api.as_user("sales", department="东区")
    assert sales.get("/forms").expect(200)
    sales.post("/forms/product/records",{}).expect(403)
