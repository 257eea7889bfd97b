"""The page of the checks in the docs lists every check."""

from __future__ import annotations

import os
import re

from django_stripe_cart.checks import CHECK_TEMPLATES
from tests.checks.page import PAGE, render


def test_the_page_is_what_the_code_says() -> None:
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(render(), "utf-8")

    page = PAGE.read_text("utf-8")

    assert page == render(), "WRITE_DOCS=1 python -m pytest tests/checks/test_page.py"


def test_the_page_lists_exactly_the_numbers_that_there_are() -> None:
    numbers = re.findall(r"^\| `(\w+)`", PAGE.read_text("utf-8"), re.M)

    assert sorted(numbers) == sorted(CHECK_TEMPLATES)
