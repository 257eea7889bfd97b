"""Search of orders by what a caller reads out."""

from __future__ import annotations

import pytest
from django.test import Client

from django_stripe_cart.models import Order
from django_stripe_cart.testing.factories import OrderFactory
from tests.admin.pages import read, url

pytestmark = [pytest.mark.usefixtures("order", "another"), pytest.mark.database]


@pytest.fixture
def another(db: None) -> Order:
    other = OrderFactory(total=1, email="cs_smith@example.org", session_id="cs_test_2")
    other.refunds.create(amount=1, stripe_id="re_2")
    return other


@pytest.mark.parametrize(
    "words",
    [
        "0A1B2C3D",
        "0a1b2c3d",
        "#0A1B2C3D",
        "0A1B",
        "0a1b2c3d-0000-4000-8000-000000000000",
        "0A1B2C3D000040008000000000000000",
        "payer@example.com",
        "PAYER@",
        "demo",
        "cs_test_1",
        "pi_1",
        "re_1",
        "evt_1",
        "demo 0A1B2C3D",
        "  payer@example.com  ",
    ],
)
def test_it_is_found(staff_client: Client, words: str) -> None:
    page = read(staff_client, url("changelist"), q=words)

    assert "1 result" in page
    assert "0A1B2C3D" in page


@pytest.mark.parametrize(
    "words", ["0B1B2C3D", "cs_test_9", "re_9", "evt_9", "pi_9", "demo re_2", "nobody", "%", "'"]
)
def test_nothing_else_is_found(staff_client: Client, words: str) -> None:
    assert "0 results" in read(staff_client, url("changelist"), q=words)


def test_a_search_for_too_many_words_finds_nothing(staff_client: Client) -> None:
    page = staff_client.get(url("changelist", Order), {"q": "demo " * 1100})

    assert page.status_code == 200
    assert "0A1B2C3D" not in page.content.decode()


def test_an_address_that_begins_like_an_id_is_an_address(staff_client: Client) -> None:
    page = read(staff_client, url("changelist"), q="cs_smith@example.org")

    assert "1 result" in page
    assert "cs_smith@example.org" in page


def test_an_id_is_compared_letter_by_letter(staff_client: Client) -> None:
    assert "0 results" in read(staff_client, url("changelist"), q="cs_TEST_1")


# --- filters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 2),
        ({"issue": "any"}, 1),
        ({"issue": "disputed"}, 1),
        ({"issue": "refund_failed"}, 0),
        ({"status__exact": "paid"}, 1),
        ({"status__exact": "paid", "issue": "any"}, 1),
        ({"status__exact": "pending", "issue": "any"}, 0),
    ],
)
def test_orders_are_filtered_by_state_and_by_what_needs_a_person(
    staff_client: Client, order: Order, query: dict[str, str], count: int
) -> None:
    order.issues.create(reason="disputed")

    shown = staff_client.get(url("changelist"), query).context["cl"].queryset

    assert len(shown) == count
