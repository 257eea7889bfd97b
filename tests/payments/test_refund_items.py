"""Refunds by item: amounts, quantities and what comes back into stock."""

from __future__ import annotations

from typing import Any

import pytest

from django_stripe_cart.exceptions import ConfirmationNeeded, RefundNotPossible
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Order, OrderItem, Product, RefundItem
from django_stripe_cart.payments.refund_items import amount_of
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import RefundFactory
from tests.support.host_rules import refuse_more_stock
from tests.support.orders import buy, issues, refreshed, settle

pytestmark = pytest.mark.database


@pytest.fixture
def order(browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product, vase: Product) -> Order:
    """Two mugs, a lamp and a vase, paid: 998.00 + 1299.50 + 1234.50."""
    browser.add(lamp)
    browser.add(vase)
    return buy(browser, sandbox, mug, 2, card="4000000000005126")


def item(order: Order, name: str) -> OrderItem:
    return order.items.get(name=name)


def stock() -> dict[str, Any]:
    return dict(Product.objects.values_list("name", "stock"))


def test_one_mug_of_three_lines_comes_back(order: Order) -> None:
    before = stock()

    order = refund_order(order, items={item(order, "Mug"): 1}, restock=True)

    assert (order.status, order.amount_refunded) == ("paid", 49900)
    assert stock() == before | {"Mug": before["Mug"] + 1}
    assert item(order, "Mug").stock_taken == 1
    row = RefundItem.objects.get()
    assert (row.quantity, row.restocked) == (1, 1)
    assert row.restocked_at is not None


def test_without_restock_nothing_comes_back(order: Order) -> None:
    before = stock()

    refund_order(order, items={item(order, "Mug"): 2})

    assert stock() == before


def test_an_amount_without_items_returns_no_stock(order: Order) -> None:
    before = stock()

    refund_order(order, 1, restock=True)

    assert stock() == before
    assert not RefundItem.objects.exists()


def test_the_whole_rest_without_items_returns_what_is_left(order: Order) -> None:
    before = stock()
    refund_order(order, items={item(order, "Mug"): 1}, restock=True)

    order = refund_order(order, restock=True)

    assert order.status == "refunded"
    assert stock() == {name: count + (2 if name == "Mug" else 1) for name, count in before.items()}


def test_the_amount_can_be_changed(order: Order) -> None:
    order = refund_order(order, 10000, items={item(order, "Mug"): 1}, restock=True)

    assert order.amount_refunded == 10000
    assert RefundItem.objects.get().restocked == 1


def test_an_item_is_refunded_once(order: Order, sandbox: Sandbox) -> None:
    mugs = item(order, "Mug")
    refund_order(order, items={mugs: 2})

    for quantities in ({mugs: 1}, {mugs: 0}, {mugs: -1}):
        with pytest.raises(RefundNotPossible):
            refund_order(order, items=quantities)

    assert len(sandbox.refunds) == 1


def test_items_of_another_order_are_refused(
    order: Order, browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    other = buy(browser, sandbox, mug)

    with pytest.raises(RefundNotPossible):
        refund_order(order, items={item(other, "Mug"): 1})


def test_shares_of_a_discount_add_up_to_what_was_paid(order: Order) -> None:
    order.amount_paid = 100001  # 3532.00 before the discount
    amounts = []
    for name, quantity in (("Mug", 1), ("Vase", 1), ("Mug", 1), ("Lamp", 1)):
        line = item(order, name)
        amounts.append(amount_of(order, {line.pk: quantity}))
        RefundItem.objects.create(
            refund=RefundFactory(order=order, amount=1), order_item=line, quantity=quantity
        )

    assert sum(amounts) == 100001
    assert amounts[1] == 100001 * 123450 // 353200


def test_shipping_is_not_part_of_an_item(order: Order) -> None:
    order.amount_paid, order.amount_shipping = 353200 + 4900, 4900

    assert amount_of(order, {item(order, "Mug").pk: 2}) == 99800


def test_items_whose_refund_failed_come_back_once(order: Order, sandbox: Sandbox) -> None:
    before = stock()
    mugs = item(order, "Mug")
    refund_order(order, items={mugs: 1}, restock=True)
    sandbox.clock.advance(seconds=60)
    sandbox.deliver()
    assert issues(order) == ["refund_failed"]

    refund_order(order, items={mugs: 1}, restock=True)

    assert stock() == before | {"Mug": before["Mug"] + 1}
    assert [row.restocked for row in RefundItem.objects.all()] == [1, 0]


def test_a_pending_refund_returns_its_items_when_it_has_succeeded(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    order = buy(browser, sandbox, mug, 2, card="4000000000007726")
    refund_order(order, items={item(order, "Mug"): 1}, restock=True)
    assert stock() == {"Mug": 8}

    sandbox.clock.advance(seconds=60)
    sandbox.deliver()

    assert stock() == {"Mug": 9}


def test_fulfilling_after_goods_came_back_asks_first(order: Order) -> None:
    refund_order(order, items={item(order, "Mug"): 1}, restock=True)

    with pytest.raises(ConfirmationNeeded, match="1 × Mug"):  # noqa: RUF001
        fulfill_order(order)

    assert fulfill_order(order, confirmed=True).status == "fulfilled"


def test_goods_that_came_back_are_asked_about_although_their_refund_failed(
    order: Order, sandbox: Sandbox
) -> None:
    refund_order(order, items={item(order, "Mug"): 1}, restock=True)
    sandbox.clock.advance(seconds=60)
    sandbox.deliver()

    with pytest.raises(ConfirmationNeeded, match="Back in stock: 1 × Mug"):  # noqa: RUF001
        fulfill_order(order)


def test_stock_that_the_database_refuses_is_an_issue_and_the_refund_is_recorded(
    order: Order, mug: Product
) -> None:
    refuse_more_stock(mug)

    order = refund_order(order, restock=True)

    assert (order.status, issues(order)) == ("refunded", ["stock_not_returned"])
    held = {line.name: line.stock_taken for line in order.items.all()}
    assert held == {"Mug": 2, "Lamp": 0, "Vase": 0}


def test_what_came_back_is_not_taken_again_when_the_payment_is_accepted(
    pending: Order, sandbox: Sandbox, mug: Product
) -> None:
    Order.objects.update(total=1)
    sandbox.pay(pending.session_url)
    refund_order(refreshed(pending), 100, items={pending.items.get(): 2}, restock=True)

    assert settle(pending, "amount_mismatch").status == "paid"

    mug.refresh_from_db()
    assert mug.stock == 10


def test_no_items_are_not_everything(order: Order) -> None:
    with pytest.raises(RefundNotPossible):
        refund_order(order, items={})

    assert not order.refunds.exists()


@pytest.mark.parametrize(("currency", "step"), [("kwd", 10), ("isk", 100)])
def test_amounts_are_such_as_stripe_takes(order: Order, currency: str, step: int) -> None:
    """Stripe refuses 33.33 ISK and 3.333 KWD."""
    Order.objects.filter(pk=order.pk).update(currency=currency, amount_paid=1_000_000)
    order = Order.objects.get(pk=order.pk)
    lines = list(order.items.all())

    for line in lines:
        assert amount_of(order, {line.pk: 1}) % step == 0
    assert amount_of(order, {line.pk: line.quantity for line in lines}) == 1_000_000


def test_what_staff_counted_by_hand_does_not_come_back_again(
    order: Order, sandbox: Sandbox, mug: Product
) -> None:
    """The product's stock could not be changed, and then the refund failed."""
    refuse_more_stock(mug)
    chosen = {item(order, "Mug"): 1}
    refund_order(order, items=chosen, restock=True)
    settle(order, "stock_not_returned")
    sandbox.set_refund_status(sandbox.refunds[0], "failed")

    refund_order(refreshed(order), items=chosen, restock=True)

    assert issues(order) == []
    assert list(RefundItem.objects.values_list("restocked", flat=True)) == [1, 0]
    assert item(order, "Mug").stock_taken == 1


def test_an_order_whose_money_is_going_back_is_not_fulfilled_unasked(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    order = buy(browser, sandbox, mug, 2, card="4000000000007726")
    order = refund_order(order)
    assert (order.status, order.refunds.get().status) == ("paid", "pending")

    with pytest.raises(ConfirmationNeeded, match=r"^All that was paid is being refunded\.$"):
        fulfill_order(order)


def test_settling_counts_no_items_that_the_order_does_not_hold(order: Order, mug: Product) -> None:
    refuse_more_stock(mug)
    order = refund_order(order, restock=True)
    order.items.update(stock_taken=0)

    settle(order, "stock_not_returned")

    assert RefundItem.objects.get(order_item__name="Mug").restocked == 0
