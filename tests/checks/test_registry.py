"""Each check message has a unique number, and a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from django_stripe_cart.checks import CHECK_TEMPLATES
from django_stripe_cart.checks.registry import message

HERE = Path(__file__).parent


def test_every_message_has_a_test() -> None:
    sources = "".join(file.read_text("utf-8") for file in HERE.glob("test_*.py"))
    tested = {*re.findall(r'["\'.]([EW]\d{3})\b', sources)}

    assert {*CHECK_TEMPLATES} <= tested


def test_a_number_is_used_once() -> None:
    with pytest.raises(AssertionError, match="E001 is taken"):
        message("E001", "Another.", hint="None.")


@pytest.mark.parametrize("one", CHECK_TEMPLATES.values(), ids=CHECK_TEMPLATES)
def test_every_message_is_a_sentence_with_a_hint(one: object) -> None:
    assert one.text.endswith(".")
    assert one.hint.endswith(".")
