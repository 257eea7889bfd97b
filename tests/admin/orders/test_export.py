"""The CSV export: its rows, its batches, and cells that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_stripe_cart.admin.orders import export
from django_stripe_cart.admin.orders.export import escape_formula
from django_stripe_cart.attention import settle_issue
from django_stripe_cart.models import Order
from django_stripe_cart.testing.factories import OrderFactory
from tests.admin.pages import read, url


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_every_order_is_a_row_of_plain_values(staff_client: Client, order: Order) -> None:
    answer = staff_client.get(url("export"))

    assert isinstance(answer, StreamingHttpResponse)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="orders-2')
    (row,) = rows(answer)
    assert row | {"placed_at": ""} == {
        "number": "0A1B2C3D",
        "reference": "0a1b2c3d-0000-4000-8000-000000000000",
        "placed_at": "",
        "paid_at": "",
        "status": "paid",
        "issues": "",
        "disputes": "",
        "email": "payer@example.com",
        "user": "demo",
        "currency": "INR",
        "total": "998.00",
        "amount_paid": "998.00",
        "amount_refunded": "0.00",
        "items": "2 x Blue mug",
        "session_id": "cs_test_1",
        "payment_intent_id": "pi_1",
        "livemode": "False",
    }


def test_the_open_issues_of_an_order_are_named_and_those_that_are_settled_are_not(
    staff_client: Client, order: Order
) -> None:
    settle_issue(order.issues.create(reason="review", about="prv_1"))
    order.issues.create(reason="disputed", about="dp_1")
    order.issues.create(reason="refund_failed", about="re_1")

    (row,) = rows(staff_client.get(url("export")))

    assert row["issues"] == "disputed refund_failed"


def test_issues_and_disputes_are_in_the_row(staff_client: Client, order: Order) -> None:
    order.issues.create(reason="disputed", about="du_1")
    order.issues.create(reason="review", about="prv_1")
    for number, status in enumerate(("won", "lost")):
        order.disputes.create(
            stripe_id=f"du_{number}", status=status, amount=30000, opened=timezone.now()
        )

    (row,) = rows(staff_client.get(url("export")))

    assert row["issues"] == "disputed review"
    assert row["disputes"] == "du_0 won 300.00; du_1 lost 300.00"


def test_it_is_the_list_with_its_search_and_filters(staff_client: Client, order: Order) -> None:
    OrderFactory(currency="jpy", total=500, email="other@example.org")
    page = read(staff_client, url("changelist"), q="other", status__exact="pending")
    assert 'href="/admin/stripe_cart/order/export/?q=other&amp;status__exact=pending"' in page

    found = rows(staff_client.get(url("export"), {"q": "other", "status__exact": "pending"}))

    assert [(row["email"], row["total"]) for row in found] == [("other@example.org", "500")]
    assert len(rows(staff_client.get(url("export")))) == 2
    assert rows(staff_client.get(url("export"), {"status__exact": "failed"})) == []


def test_those_that_were_ticked_are_exported_by_an_action(
    staff_client: Client, order: Order
) -> None:
    OrderFactory()
    form = {"action": "export_selected", "_selected_action": [order.pk]}

    assert [row["number"] for row in rows(staff_client.post(url("changelist"), form))] == [
        "0A1B2C3D"
    ]


def test_a_filter_that_there_is_not_leads_to_the_list(staff_client: Client, order: Order) -> None:
    answer = staff_client.get(url("export"), {"nonsense": "1"})

    assert (answer.status_code, answer.headers["Location"]) == (303, url("changelist") + "?e=1")


# --- portions ---------------------------------------------------------------------------------


def test_only_a_portion_is_in_memory(
    staff_client: Client, db: None, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(export, "BATCH_SIZE", 2)
    for number in range(5):
        order = OrderFactory(total=number)
        order.items.create(name="Mug", unit_amount=1, quantity=1)
        order.issues.create(reason="disputed", about=f"dp_{number}")
    portions = iter(staff_client.get(url("export")).streaming_content)  # type: ignore[attr-defined]

    with django_assert_num_queries(0):
        assert next(portions).startswith(b"\xef\xbb\xbfnumber,")
    totals = []
    for length in (2, 2, 1):
        with django_assert_num_queries(4):  # the orders, and their items, issues and disputes
            lines = next(portions).decode().splitlines()
        assert len(lines) == length
        totals += [line.split(",")[10] for line in lines]

    assert totals == ["0.04", "0.03", "0.02", "0.01", "0.00"]
    assert list(portions) == []


def test_orders_placed_during_the_export_shift_nothing(
    staff_client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "BATCH_SIZE", 1)
    for number in range(3):
        OrderFactory(total=number)
    portions = iter(staff_client.get(url("export")).streaming_content)  # type: ignore[attr-defined]
    seen = [next(portions), next(portions)]
    OrderFactory(total=99)

    seen += portions

    assert len({*seen}) == len(seen) == 4


def test_a_server_of_the_other_kind_is_not_held_up(admin_client: Client, db: None) -> None:
    for number in range(3):
        OrderFactory(total=number)
    client = AsyncClient()
    client.cookies = admin_client.cookies

    async def download() -> str:
        answer = await client.get(url("export"))
        assert answer.is_async  # type: ignore[attr-defined]
        return b"".join([part async for part in answer]).decode("utf-8-sig")  # type: ignore[attr-defined]

    assert len(async_to_sync(download)().splitlines()) == 4


# --- formulas ---------------------------------------------------------------------------------


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_is_only_text(cell: str) -> None:
    assert escape_formula(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["12.50", "a=b", "", "Mug", 7, "'", " Mug"])
def test_everything_else_stays_as_it_is(cell: Any) -> None:
    assert escape_formula(cell) == str(cell)


def test_a_shoppers_formula_does_not_reach_the_bookkeeper(
    staff_client: Client, order: Order
) -> None:
    Order.objects.update(email='=HYPERLINK("http://evil.example")@example.com')
    order.items.update(name='"; =cmd|calc')

    (row,) = rows(staff_client.get(url("export")))

    assert row["email"] == '\'=HYPERLINK("http://evil.example")@example.com'
    assert row["items"] == '2 x "; =cmd|calc'


def test_the_list_costs_no_more_for_the_links(staff_client: Client, order: Order) -> None:
    from django.db import connection

    with CaptureQueriesContext(connection) as queries:
        staff_client.get(url("changelist"))

    assert len(queries) < 14
