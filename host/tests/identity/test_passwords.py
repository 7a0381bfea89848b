import re
import time

import pytest

from lowcode.identity import passwords


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


@pytest.mark.parametrize("password", ["short12", "Zhang.San", "zhang.san", "x" * 257, ""])
def test_bad_passwords_are_refused(password: str) -> None:
    assert passwords.fault(password, "zhang.san")


def test_good_passwords_are_taken() -> None:
    assert passwords.fault("12345678", "zhang.san") is None


def test_an_unknown_account_takes_as_long_as_a_wrong_password() -> None:
    stored = passwords.hash_password("correct horse battery")
    passwords.verify(None, "warm-up")

    def best(password_hash: str | None) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            assert not passwords.verify(password_hash, "wrong password")
            times.append(time.perf_counter() - start)
        return min(times)

    assert best(None) == pytest.approx(best(stored), rel=0.3)
