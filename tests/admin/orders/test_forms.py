"""The refund form: amount, currency, and no refund twice by accident."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from django_stripe_cart.models import Order, Product
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.factories import make_product
from tests.admin.pages import fields, post, press, read, url
from tests.support.orders import refreshed

MakeOrder = Callable[..., Order]


@pytest.fixture
def address(paid: Order) -> str:
    return url("refund", Order, paid.pk)


def test_everything_is_refunded_only_by_an_explicit_choice(
    staff_client: Client, paid: Order, address: str
) -> None:
    page = read(staff_client, address)
    assert "Refund everything that is left: ₹998.00" in page
    assert {fields(page)[name] for name in fields(page) if name.startswith(("amount", "quan"))} == {
        ""
    }
    answer = staff_client.post(address, fields(page))
    assert "Choose items, enter an amount, or tick “everything”." in answer.content.decode()
    assert not paid.refunds.exists()

    said = press(staff_client, address, everything="on", reason="Broken")

    assert refreshed(paid).status == "refunded"
    refund = paid.refunds.get()
    assert (refund.amount, refund.reason, refund.actor) == (99800, "Broken", "clerk")
    assert not refund.restock
    assert said == [f"Order {paid.number}: ₹998.00 refunded."]


def test_a_part_of_it_in_decimals(
    staff_client: Client, paid: Order, address: str, sandbox: Sandbox, mug: Product
) -> None:
    said = press(staff_client, address, amount="100.50")

    assert (refreshed(paid).status, refreshed(paid).amount_refunded) == ("paid", 10050)
    assert sandbox.refunds[0]["amount"] == 10050
    assert said == [f"Order {paid.number}: ₹100.50 refunded."]
    mug.refresh_from_db()
    assert mug.stock == 8


@pytest.mark.parametrize(
    ("currency", "price", "amount", "smallest", "step"),
    [
        ("jpy", "800", "300", 300, "1"),
        ("kwd", "8.500", "1.250", 1250, "0.001"),
        ("isk", "800.00", "300.00", 30000, "0.01"),
    ],
)
def test_every_currency_has_its_own_decimals(
    staff_client: Client,
    make_order: MakeOrder,
    settings: Any,
    currency: str,
    price: str,
    amount: str,
    smallest: int,
    step: str,
) -> None:
    settings.STRIPE_CART_CURRENCY = currency
    order = make_order("paid", items={make_product("Vase", price=price): 1})
    address = url("refund", Order, order.pk)
    page = read(staff_client, address)
    assert f'step="{step}"' in page

    press(staff_client, address, amount=amount)

    assert refreshed(order).amount_refunded == smallest


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("100.505", "isn&#x27;t possible in INR"),
        ("1e400", "isn&#x27;t possible in INR"),
        ("0", "Please enter an amount greater than zero."),
        ("-5", "greater than or equal to 0"),
        ("all", "Enter a number."),
        ("NaN", "Enter a number."),
    ],
)
def test_an_amount_that_is_none_is_refused_beside_its_field(
    staff_client: Client, paid: Order, address: str, sandbox: Sandbox, amount: str, sentence: str
) -> None:
    form = fields(read(staff_client, address)) | {"amount": amount, "reason": "Chipped"}

    answer = staff_client.post(address, form)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert sentence in page
    assert fields(page)["key"] == form["key"]
    assert fields(page)["reason"] == "Chipped"
    assert sandbox.refunds == []


def test_more_than_is_left_is_refused_and_what_was_typed_is_kept(
    staff_client: Client, paid: Order, address: str
) -> None:
    form = fields(read(staff_client, address)) | {
        "amount": "998.01",
        "reason": "Chipped",
        f"quantity_{paid.items.get().pk}": "1",
        "restock": "on",
    }

    answer = staff_client.post(address, form)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "You can refund at most ₹998.00." in page
    assert re.search(r'<input [^>]*name="amount"[^>]*aria-invalid="true"', page)
    assert re.search(r'<input [^>]*name="restock"[^>]*checked', page)
    shown = fields(page)
    assert {name: shown[name] for name in ("amount", "reason", "key", "refundable")} == {
        name: form[name] for name in ("amount", "reason", "key", "refundable")
    }
    assert not paid.refunds.exists()
    assert post(staff_client, address, shown | {"amount": "998.00"}) == [
        f"Order {paid.number}: ₹998.00 refunded."
    ]


def test_a_refundable_amount_forged_in_the_form_is_ignored(
    staff_client: Client, paid: Order, address: str
) -> None:
    (said,) = press(staff_client, address, amount="998.01", refundable="1000000")

    assert "Another refund was made in the meantime: ₹998.00 can still be refunded." in said
    assert not paid.refunds.exists()


def test_all_of_it_sent_twice_is_no_error(staff_client: Client, paid: Order, address: str) -> None:
    form = fields(read(staff_client, address)) | {"everything": "on"}

    assert post(staff_client, address, form) == post(staff_client, address, form)
    assert paid.refunds.count() == 1


# --- nothing twice by accident ----------------------------------------------------------------


def test_a_form_that_is_sent_twice_is_one_refund(
    staff_client: Client, paid: Order, address: str, sandbox: Sandbox
) -> None:
    form = fields(read(staff_client, address)) | {"amount": "300.00"}

    first, second = post(staff_client, address, form), post(staff_client, address, form)

    assert first == second == [f"Order {paid.number}: ₹300.00 refunded."]
    assert len(sandbox.refunds) == 1
    assert refreshed(paid).amount_refunded == 30000


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_double_click_is_one_refund(sandbox: Sandbox, make_order: MakeOrder) -> None:
    order = make_order("paid")
    address = url("refund", Order, order.pk)
    owner = User.objects.create_superuser("owner")
    clicks = [Client(), Client()]
    for click in clicks:
        click.force_login(owner)
    form = fields(read(clicks[0], address)) | {"amount": "30.00"}
    both = threading.Barrier(2)

    def press_at_once(click: Client) -> int:
        both.wait()
        try:
            return click.post(address, form).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(press_at_once, clicks)) == [303, 303]

    assert [refund["amount"] for refund in sandbox.refunds] == [3000]
    assert sync_order(order).amount_refunded == 3000


def test_two_people_with_the_same_page_open_refund_once(
    staff_client: Client, admin_client: Client, paid: Order, address: str, sandbox: Sandbox
) -> None:
    mine = fields(read(staff_client, address)) | {"amount": "300.00"}
    theirs = fields(read(admin_client, address)) | {"amount": "300.00"}
    post(admin_client, address, theirs)

    (said,) = post(staff_client, address, mine)

    assert "Another refund was made in the meantime: ₹698.00 can still be refunded." in said
    assert len(sandbox.refunds) == 1


def test_a_second_refund_on_purpose_is_a_second_refund(
    staff_client: Client, paid: Order, address: str, sandbox: Sandbox
) -> None:
    press(staff_client, address, amount="300.00")
    press(staff_client, address, amount="300.00")

    assert [refund["amount"] for refund in sandbox.refunds] == [30000, 30000]


def test_a_form_of_one_order_is_no_refund_of_another(
    staff_client: Client, paid: Order, address: str, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    other = make_order("paid", items={make_product("Vase", price="998.00"): 1})
    form = fields(read(staff_client, address)) | {"amount": "300.00"}
    post(staff_client, address, form)

    post(staff_client, url("refund", Order, other.pk), form)

    assert (refreshed(paid).amount_refunded, refreshed(other).amount_refunded) == (30000, 30000)


@pytest.mark.parametrize(
    "broken", [{"key": "x"}, {"refundable": "x"}, {"key": ""}, {"refundable": ""}]
)
def test_a_form_without_its_key_refunds_nothing(
    staff_client: Client, paid: Order, address: str, sandbox: Sandbox, broken: dict[str, str]
) -> None:
    form = fields(read(staff_client, address)) | {"everything": "on"} | broken

    assert staff_client.post(address, form).status_code == 200
    assert sandbox.refunds == []


# --- what Stripe says -------------------------------------------------------------------------


def test_a_refusal_is_a_sentence_with_stripes_reason(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    order = make_order("paid")
    address = url("refund", Order, order.pk)
    form = fields(read(staff_client, address)) | {"everything": "on"}
    sandbox.open_dispute(order.session_id)

    (said,) = post(staff_client, address, form)

    assert said.startswith(
        f"Order {order.number}: Stripe declined the refund; no money was returned. ("
    )
    assert refreshed(order).refunds.get().status == "failed"


def test_sent_again_a_refused_refund_is_not_called_a_success(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    order = make_order("paid")
    address = url("refund", Order, order.pk)
    form = fields(read(staff_client, address)) | {"everything": "on"}
    sandbox.open_dispute(order.session_id)
    post(staff_client, address, form)

    (said,) = post(staff_client, address, form)

    assert said == f"Order {order.number}: The refund of ₹100.00 was not made."


def test_an_answer_that_is_lost_is_neither_a_failure_nor_a_second_refund(
    staff_client: Client, paid: Order, address: str, sandbox: Sandbox
) -> None:
    form = fields(read(staff_client, address)) | {"amount": "300.00"}
    sandbox.hold_deliveries = True
    sandbox.faults.add("POST /v1/refunds", kind="timeout_after", times=None)

    (said,) = post(staff_client, address, form)
    assert "It is not known yet whether the refund was made" in said
    assert paid.refunds.get().status == "unknown"

    sandbox.faults.clear()
    assert post(staff_client, address, form) == [f"Order {paid.number}: ₹300.00 refunded."]
    assert len(sandbox.refunds) == 1


def test_where_only_the_webhook_came_through_it_is_known_all_the_same(
    staff_client: Client, paid: Order, address: str, sandbox: Sandbox
) -> None:
    sandbox.faults.add("POST /v1/refunds", kind="timeout_after", times=None)

    assert press(staff_client, address, everything="on") == [
        f"Order {paid.number}: ₹998.00 refunded."
    ]


def test_a_refund_that_takes_its_time_is_on_its_way(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    order = make_order("pending")
    sandbox.pay(order.session_url, card="4000000000007726")

    (said,) = press(staff_client, url("refund", Order, order.pk), everything="on")

    assert said == f"Order {order.number}: ₹100.00 is on its way back to the shopper."


def test_a_refund_made_in_the_dashboard_is_recorded(
    staff_client: Client, paid: Order, address: str, sandbox: Sandbox
) -> None:
    form = fields(read(staff_client, address)) | {"everything": "on"}
    sandbox.hold_deliveries = True
    sandbox.refund(paid.session_id)

    (said,) = post(staff_client, address, form)

    assert "Stripe declined the refund; no money was returned. (charge_already_refunded)" in said
    assert refreshed(paid).status == "refunded"
