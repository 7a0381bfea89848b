import re

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from lowcode.identity import passwords
from lowcode.identity.policy import Policy


def test_only_argon2id_with_46_mib_is_stored() -> None:
    stored = passwords.hash_password("correct horse battery")
    parameters = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),", stored)
    assert parameters
    memory, rounds = parameters.groups()
    assert int(memory) >= 46 * 1024
    assert int(rounds) >= 1
    assert passwords.verify(stored, "correct horse battery")
    assert not passwords.verify(stored, "correct horse batterz")


def test_the_same_text_in_another_unicode_form_is_the_same_password() -> None:
    assert passwords.verify(passwords.hash_password("Café-Straße"), "Cafe\u0301-Straße")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short12", "至少 8 个字符"),
        ("", "至少 8 个字符"),
        ("x1" * 129, "最多 256 个字符"),
        ("correcthorsebattery", "至少 2 类"),
        ("8203958203", "至少 2 类"),
        ("Zhang.San-1", "用户名"),
        ("my-ZHANG.SAN-2026", "用户名"),
        ("ｚｈａｎｇ．ｓａｎ1", "用户名"),
        ("password1", "常见"),
        ("PassWord1", "常见"),
        ("katrina1", "常见"),
        ("Mounta1n", "常见"),
    ],
)
def test_bad_passwords_are_refused(password: str, reason: str) -> None:
    assert reason in (passwords.fault(password, "zhang.san", Policy()) or "")


@pytest.mark.parametrize("password", ["a good password", "Xy-2026-ab", "中文密码也很好用1", "li-8203958"])
def test_good_passwords_are_taken(password: str) -> None:
    assert passwords.fault(password, "li", Policy()) is None


def test_characters_are_of_four_kinds() -> None:
    for password, kinds in (("abcdefgh", 1), ("abcdefgH", 2), ("abcdefG8", 3), ("abcdeG8-", 4), ("中文abcG8", 4)):
        wanted = [
            count for count in (1, 2, 3, 4) if passwords.weakness(password, "zhang", Policy(classes=count)) is None
        ]
        assert wanted == list(range(1, kinds + 1))


def test_the_whole_list_of_common_passwords_is_known() -> None:
    assert len(FREQUENCY_LISTS["passwords"]) == passwords.MOST_COMMON  # the page of security tells this number
    last = [each for each in FREQUENCY_LISTS["passwords"] if len(each) >= 8 and not each.isalpha()][-100:]
    assert all("常见" in (passwords.fault(each, "li", Policy(classes=1)) or "") for each in last)


def test_a_password_that_was_used_may_not_come_back() -> None:
    used = [passwords.hash_password(f"old password {n}") for n in range(2)]
    assert "最近用过" in (passwords.fault("old password 1", "li", Policy(), used) or "")
    assert passwords.fault("old password 2", "li", Policy(), used) is None


def test_the_rules_are_told_beforehand() -> None:
    said = passwords.rules(Policy(min_length=10, classes=3, history=5, expiry_days=90))
    assert all(number in "".join(said) for number in ("10", "3 类", "5 个", "90 天"))
    assert len(passwords.rules(Policy(classes=1, history=0))) == 1
