"""Amounts in words: known ones, and each reads back, by other means, as the amount it was."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowcode.money import capitals

DIGIT = {word: value for value, word in enumerate("零壹贰叁肆伍陆柒捌玖")}
UNIT = {"拾": 10, "佰": 100, "仟": 1000}
GROUP = {"万": 10**4, "亿": 10**8}
WORDS = re.compile(r"(?P<minus>负?)(?:(?P<yuan>[^元]+)元)?零?(?:(?P<jiao>.)角)?(?:(?P<fen>.)分)?整?")


def parsed(words: str) -> Decimal:
    """Read an amount as a person does: from the left, adding up digits times units, groups times groups."""
    match = WORDS.fullmatch(words)
    assert match, words
    cents = 100 * whole(match["yuan"] or "") + 10 * DIGIT[match["jiao"] or "零"] + DIGIT[match["fen"] or "零"]
    return Decimal(-cents if match["minus"] else cents).scaleb(-2)


def whole(words: str) -> int:
    total = group = digit = 0
    for word in words:
        if word in DIGIT:
            digit = DIGIT[word]
        elif word in UNIT:
            group, digit = group + digit * UNIT[word], 0
        elif word == "万":
            group, digit = (group + digit) * GROUP[word], 0
        else:
            total, group, digit = (total + group + digit) * GROUP[word], 0, 0
    return total + group + digit


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"), ("0.00", "零元整"), ("-0.004", "零元整"),
        ("0.05", "伍分"), ("0.50", "伍角整"), ("0.55", "伍角伍分"), ("0.005", "壹分"),
        ("1", "壹元整"), ("10.00", "壹拾元整"), ("15", "壹拾伍元整"), ("100.05", "壹佰元零伍分"),
        ("100.50", "壹佰元伍角整"), ("110", "壹佰壹拾元整"), ("101", "壹佰零壹元整"), ("1001", "壹仟零壹元整"),
        ("1010.10", "壹仟零壹拾元壹角整"), ("1409.50", "壹仟肆佰零玖元伍角整"), ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"), ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("99999.99", "玖万玖仟玖佰玖拾玖元玖角玖分"), ("99999.995", "壹拾万元整"), ("100000.00", "壹拾万元整"),
        ("10010001.01", "壹仟零壹万零壹元零壹分"), ("10000000", "壹仟万元整"), ("100000000.00", "壹亿元整"),
        ("100010000", "壹亿零壹万元整"), ("1000000001", "壹拾亿零壹元整"), ("100100000000", "壹仟零壹亿元整"),
        ("1000000000000", "壹万亿元整"), ("1000000000001", "壹万亿零壹元整"),
        ("1000000010000.01", "壹万亿零壹万元零壹分"),
        ("-1263.50", "负壹仟贰佰陆拾叁元伍角整"),
        ("9999999999999999.99",
         "玖仟玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    ],
)  # fmt: skip
def test_known_amounts(amount: str, words: str) -> None:
    assert capitals(amount) == words
    assert capitals(Decimal(amount)) == words


def test_nothing_is_nothing_and_whole_numbers_do() -> None:
    assert capitals(None) == ""
    assert capitals(1005) == "壹仟零伍元整"


@pytest.mark.parametrize("amount", ["10000000000000000", "9999999999999999.995", "-1E+40"])
def test_what_has_no_usual_words_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="sixteen digits"):
        capitals(amount)


@given(st.decimals(min_value=-(10**16) + 1, max_value=10**16 - 1, places=2))
def test_each_amount_reads_back(amount: Decimal) -> None:
    words = capitals(amount)
    assert parsed(words) == amount
    assert "零零" not in words
    assert not re.search("零[元万亿]", words.replace("零元整", ""))


@given(st.integers(0, 14), st.integers(0, 14), st.integers(1, 9), st.integers(0, 99))
def test_gaps_read_back(high: int, low: int, digit: int, cents: int) -> None:
    """Zeros in the middle are where such words go wrong, and drawn numbers rarely hold many."""
    amount = Decimal((digit * 10**high + 10**low) * 100 + cents).scaleb(-2)
    assert parsed(capitals(amount)) == amount
