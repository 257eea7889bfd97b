"""The refund form by item, and while the outcome of a refund is unknown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from django_stripe_cart.models import Order, OrderItem, Product, Refund
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from tests.admin.pages import fields, post, press, read, url
from tests.support.orders import refreshed

MakeOrder = Callable[..., Order]


@pytest.fixture
def order(make_order: MakeOrder, mug: Product, lamp: Product) -> Order:
    """Two mugs (499.00 each) and a lamp (1,299.50), paid."""
    return make_order("paid", items={mug: 2, lamp: 1})


@pytest.fixture
def mugs(order: Order) -> OrderItem:
    return order.items.get(name="Mug")


@pytest.fixture
def address(order: Order) -> str:
    return url("refund", Order, order.pk)


def test_one_mug_comes_back(
    staff_client: Client, order: Order, mugs: OrderItem, mug: Product, address: str
) -> None:
    page = read(staff_client, address)
    assert "of 2 left (ordered: 2), ₹499.00 each" in page

    said = press(staff_client, address, **{f"quantity_{mugs.pk}": "1", "restock": "on"})

    assert said == [f"Order {order.number}: ₹499.00 refunded."]
    mug.refresh_from_db()
    assert mug.stock == 9
    page = read(staff_client, url("change", Order, order.pk))
    assert "1 \u00d7 Mug (1 back in stock)" in page
    assert "of 1 left (ordered: 2)" in read(staff_client, address)


def test_a_mug_that_does_not_come_back_is_listed_without_stock(
    staff_client: Client, order: Order, mugs: OrderItem, mug: Product, address: str
) -> None:
    press(staff_client, address, **{f"quantity_{mugs.pk}": "1"})

    mug.refresh_from_db()
    assert mug.stock == 8
    page = read(staff_client, url("change", Order, order.pk))
    assert "1 \u00d7 Mug" in page
    assert "back in stock" not in page


def test_a_doubled_form_says_that_the_refund_waits_for_bank_details(
    staff_client: Client, order: Order, sandbox: Sandbox, address: str
) -> None:
    form = fields(read(staff_client, address)) | {"amount": "300.00"}
    assert post(staff_client, address, form) == [f"Order {order.number}: ₹300.00 refunded."]
    sandbox.set_refund_status(sandbox.refunds[0], "requires_action")

    (said,) = post(staff_client, address, form)

    sentence = "₹300.00: Stripe asks the shopper for bank details, by e-mail."
    assert said == f"Order {order.number}: {sentence}"
    assert len(sandbox.refunds) == 1


def test_the_amount_of_the_items_can_be_changed(
    staff_client: Client, order: Order, mugs: OrderItem, address: str
) -> None:
    press(staff_client, address, **{f"quantity_{mugs.pk}": "2", "amount": "100.00"})

    refund = order.refunds.get()
    assert (refund.amount, refund.items.get().quantity) == (10000, 2)


def test_a_doubled_form_refunds_the_items_once_even_if_none_is_left(
    staff_client: Client, order: Order, mugs: OrderItem, mug: Product, address: str
) -> None:
    form = fields(read(staff_client, address)) | {f"quantity_{mugs.pk}": "2", "restock": "on"}

    assert post(staff_client, address, form) == post(staff_client, address, form)

    assert order.refunds.get().amount == 99800
    mug.refresh_from_db()
    assert mug.stock == 10
    assert "refunded already" in read(staff_client, address)


def test_a_stale_form_is_refused(
    staff_client: Client, order: Order, mugs: OrderItem, address: str
) -> None:
    form = fields(read(staff_client, address)) | {f"quantity_{mugs.pk}": "2"}
    press(staff_client, address, **{f"quantity_{mugs.pk}": "1"})

    (said,) = post(staff_client, address, form)

    assert "Another refund was made in the meantime" in said
    assert order.refunds.count() == 1


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({}, "Choose items, enter an amount, or tick “everything”."),
        ({"quantity": "0"}, "Choose items, enter an amount, or tick “everything”."),
        ({"quantity": "3"}, "less than or equal to 2"),
        ({"quantity": "-1"}, "greater than or equal to 0"),
        ({"quantity": "1", "everything": "on"}, "not both"),
        ({"amount": "5.00", "everything": "on"}, "not both"),
        ({"amount": "5.00", "restock": "on"}, "Choose the items that come back."),
        ({"quantity": "1", "amount": "9999.00"}, "You can refund at most ₹2,297.50."),
    ],
)
def test_a_form_that_says_nothing_or_two_things_is_shown_again(
    staff_client: Client,
    order: Order,
    mugs: OrderItem,
    address: str,
    choice: dict[str, str],
    sentence: str,
) -> None:
    names = {"quantity": f"quantity_{mugs.pk}"}
    form = fields(read(staff_client, address))
    form |= {names.get(name, name): value for name, value in choice.items()}

    answer = staff_client.post(address, form)

    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not order.refunds.exists()


def test_everything_comes_back_with_what_is_still_out(
    staff_client: Client, order: Order, mugs: OrderItem, mug: Product, lamp: Product, address: str
) -> None:
    press(staff_client, address, **{f"quantity_{mugs.pk}": "1", "restock": "on"})

    press(staff_client, address, everything="on", restock="on")

    assert refreshed(order).status == "refunded"
    mug.refresh_from_db()
    lamp.refresh_from_db()
    assert (mug.stock, lamp.stock) == (10, 5)


# --- the outcome is unknown -------------------------------------------------------------------


@pytest.fixture
def unknown(staff_client: Client, order: Order, sandbox: Sandbox, address: str) -> Refund:
    """A refund of 300.00 whose request never reached Stripe."""
    form = fields(read(staff_client, address)) | {"amount": "300.00"}
    sandbox.faults.add("POST /v1/refunds", kind="timeout_before", times=None)
    (said,) = post(staff_client, address, form)
    assert "Nothing is sent again unless you send this form again." in said
    sandbox.faults.clear()
    return order.refunds.get()


def test_only_the_same_refund_can_be_sent_again(
    staff_client: Client, order: Order, unknown: Refund, sandbox: Sandbox, address: str
) -> None:
    assert "It is not known yet whether the refund of ₹300.00 was made" in read(
        staff_client, url("change", Order, order.pk)
    )
    page = read(staff_client, address)
    assert "counts as not made and an issue is opened" in page
    assert 'name="amount"' not in page

    form = fields(page)
    assert post(staff_client, address, form) == [f"Order {order.number}: ₹300.00 refunded."]
    assert post(staff_client, address, form) == [f"Order {order.number}: ₹300.00 refunded."]

    assert [refund["amount"] for refund in sandbox.refunds] == [30000]
    assert order.refunds.get().pk == unknown.pk


def test_it_is_not_sent_after_it_counts_as_not_made(
    staff_client: Client, order: Order, unknown: Refund, sandbox: Sandbox, address: str
) -> None:
    form = fields(read(staff_client, address))
    past = timezone.now() - timedelta(minutes=20)
    Refund.objects.update(created=past, missing_since=past)
    sync_order(order)

    (said,) = post(staff_client, address, form)

    assert said == f"Order {order.number}: The refund of ₹300.00 was not made."
    assert sandbox.refunds == []


def test_after_a_refund_in_the_dashboard_it_is_not_offered_again(
    staff_client: Client, order: Order, unknown: Refund, sandbox: Sandbox, address: str
) -> None:
    form = fields(read(staff_client, address))
    sandbox.refund(order.session_id, 30000)

    assert "Send the same refund again" not in read(staff_client, address)
    (said,) = post(staff_client, address, form)

    assert "Another refund has been made at Stripe in the meantime" in said
    assert len(sandbox.refunds) == 1


@pytest.mark.parametrize("refund", ["", "x", "0"])
def test_a_form_without_its_refund_sends_nothing(
    staff_client: Client, unknown: Refund, sandbox: Sandbox, address: str, refund: str
) -> None:
    assert staff_client.post(address, {"refund": refund}).status_code == 200
    assert sandbox.refunds == []


# --- fulfilling after goods came back ---------------------------------------------------------


def test_an_order_with_a_reason_to_wait_is_fulfilled_only_if_that_is_confirmed(
    staff_client: Client, order: Order, mugs: OrderItem, address: str
) -> None:
    press(staff_client, address, **{f"quantity_{mugs.pk}": "1", "restock": "on"})
    fulfill = url("fulfill", Order, order.pk)
    page = read(staff_client, fulfill)
    assert "Already refunded: 1 \u00d7 Mug." in page

    answer = staff_client.post(fulfill, fields(page))
    assert "This field is required." in answer.content.decode()
    assert refreshed(order).status == "paid"

    press(staff_client, fulfill, confirmed="on")
    assert refreshed(order).status == "fulfilled"


def test_a_reason_that_came_up_since_is_shown_first(
    staff_client: Client, order: Order, mugs: OrderItem, sandbox: Sandbox, address: str
) -> None:
    press(staff_client, address, **{f"quantity_{mugs.pk}": "1"})
    fulfill = url("fulfill", Order, order.pk)
    form = fields(read(staff_client, fulfill)) | {"confirmed": "on"}
    sandbox.open_dispute(order.session_id, amount=100)

    page = staff_client.post(fulfill, form).content.decode()
    assert "There is a new reason to wait." in page
    assert "The payment is disputed." in page
    assert refreshed(order).status == "paid"

    post(staff_client, fulfill, fields(page) | {"confirmed": "on"})
    assert refreshed(order).status == "fulfilled"


def test_in_a_batch_it_is_left_out_with_the_reason(
    staff_client: Client, order: Order, mugs: OrderItem, make_order: MakeOrder, address: str
) -> None:
    press(staff_client, address, **{f"quantity_{mugs.pk}": "1"})
    other = make_order("paid")

    page = read(staff_client, url("fulfill_selected"), ids=f"{order.pk},{other.pk}")

    assert f"Order {order.number}: Already refunded: 1 \u00d7 Mug." in page
    assert "Mark as completed: order " + other.number in page
