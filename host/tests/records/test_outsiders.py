"""Whoever has no form is told nothing of what forms are made of: neither of colleagues nor of dictionaries."""

from lowcode.testing.client import Api


def dictionaries(who: Api) -> set[str]:
    return {each["name"] for each in who.get("/dictionaries").expect(200)}


def test_people_are_nothing_to_who_has_no_form(api: Api) -> None:
    """An account of a customer reads no form, and is told the name and the username of nobody."""
    outsider, clerk = api.as_user("nobody", name="外人"), api.as_user("clerk")
    answer = outsider.open("GET", "/pick/people?search=", {**outsider.credentials, "Accept": "application/json"})
    assert answer.status == 403
    assert clerk.open("GET", "/pick/people?search=", clerk.credentials).json["items"]


def test_dictionaries_belong_to_forms(api: Api) -> None:
    outsider, clerk = api.as_user("nobody"), api.as_user("clerk")
    everything = dictionaries(api)
    assert dictionaries(outsider) == set()
    assert {"level", "place", "rating"} <= dictionaries(clerk) <= everything
    for name in sorted(everything):
        api.get(f"/dictionaries/{name}").expect(200)
        outsider.get(f"/dictionaries/{name}").expect(404)
    clerk.get("/dictionaries/level").expect(200)
