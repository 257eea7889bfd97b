"""Each mistake has a number of its own, for ever, and a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from django_stripe_cart.checks import MISTAKES
from django_stripe_cart.checks.registry import mistake

HERE = Path(__file__).parent


def test_every_mistake_has_a_test() -> None:
    sources = "".join(file.read_text("utf-8") for file in HERE.glob("test_*.py"))
    tested = {*re.findall(r'["\'.]([EW]\d{3})\b', sources)}

    assert {*MISTAKES} <= tested


def test_a_number_is_given_out_once() -> None:
    with pytest.raises(AssertionError, match="E001 is taken"):
        mistake("E001", "Another.", hint="None.")


@pytest.mark.parametrize("one", MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_is_a_sentence_with_a_hint(one: object) -> None:
    assert one.text.endswith(".")
    assert one.hint.endswith(".")
