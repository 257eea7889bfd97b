"""The sales page: its days, and its markup."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from tests.admin.pages import read, url
from tests.admin.sales.rows import give_back, lose, sell

pytestmark = pytest.mark.django_db


def test_the_page_shows_the_last_thirty_days(staff_client: Client) -> None:
    sell(99800, timezone.now())

    page = read(staff_client, url("sales"))

    assert "₹998.00" in page
    assert 'aria-current="true">30 days<' in page
    assert page.count('class="stripe-cart-bar-revenue"') == 1


def test_the_page_shows_the_days_that_are_asked_for(staff_client: Client) -> None:
    give_back(sell(99800), 300)

    page = read(staff_client, url("sales"), first="2026-03-10", last="2026-03-10")
    assert "₹998.00" in page
    assert "₹995.00" in page
    assert page.count('class="stripe-cart-bar-refunds"') == 1

    page = read(staff_client, url("sales"), first="2026-03-11", last="2026-03-12")
    assert "Nothing was sold in this period." in page
    assert "<svg viewBox" not in page


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("2026-03-10", "2026-03-09", "The start date must not be after the end date."),
        ("2024-01-01", "2026-03-09", "Please choose a period of at most one year."),
        ("0001-01-01", "0001-01-02", "Please choose valid dates."),
        ("9999-12-30", "9999-12-31", "Please choose valid dates."),
        ("yesterday", "2026-03-09", "Enter a valid date."),
        ("", "", "This field is required."),
    ],
)
def test_days_that_are_none_are_refused_with_a_sentence(
    staff_client: Client, first: str, last: str, sentence: str
) -> None:
    assert sentence in read(staff_client, url("sales"), first=first, last=last)


def test_the_page_names_what_was_lost_in_disputes(staff_client: Client) -> None:
    order = sell(99800)
    assert "Lost in disputes" not in read(staff_client, url("sales"), first="2026-03-10")
    lose(order, 99800)

    page = read(staff_client, url("sales"), first="2026-03-10", last="2026-03-10")

    assert page.count("₹998.00") > 3
    assert "After refunds and disputes" in page
    assert page.count('class="stripe-cart-bar-lost"') == 1


def test_nothing_on_the_page_is_inline(staff_client: Client) -> None:
    sell(100, timezone.now())

    page = read(staff_client, url("sales"))

    ours = page[page.index('id="content-main"') : page.index('id="footer"')]
    assert "style=" not in ours
    assert "<style" not in ours
    assert "<script" not in ours
