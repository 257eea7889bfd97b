"""Random actions of shoppers, Stripe and staff in the shop, compared with a reference model."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from django.db.models import F
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from django_stripe_cart.attention import settle_issue
from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.exceptions import (
    ConfirmationNeeded,
    OrderError,
    PaymentRefused,
    RefundNotPossible,
)
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import CartItem, Order, OrderIssue, Product
from django_stripe_cart.payments import sync_order
from django_stripe_cart.refunds import amount_refundable, refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.signals import order_canceled
from tests.support.reference import ExpectedOrder
from tests.support.shop_machine import ShopMachine, if_any_order, nth

pytestmark = pytest.mark.database

PAYS, ASKS_3DS = "4242424242424242", "4000002500003155"
CARDS = [PAYS, PAYS, "4000000000000002", "4000000000009995", ASKS_3DS]


def is_open(one: ExpectedOrder) -> bool:
    return one.session == "open"


def needs_3ds(one: ExpectedOrder) -> bool:
    return one.payment == "requires_action"


def is_processing(one: ExpectedOrder) -> bool:
    return one.payment == "processing"


def is_paid(one: ExpectedOrder) -> bool:
    return one.refundable > 0


shoppers = st.sampled_from(["ada", "bob"])
numbers = st.integers(min_value=0, max_value=11)  # the number of an existing row or object
quantities = st.integers(min_value=1, max_value=3)

# TEST_EXAMPLES=2000 searches longer than the suite has time for.
SETTINGS = settings(
    max_examples=int(os.environ.get("TEST_EXAMPLES", "30")),
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.reuse, Phase.generate, Phase.shrink],
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class Shop(ShopMachine):
    """Each rule runs one action in the shop, and the same in the reference model."""

    @initialize()
    def start(self) -> None:
        for shopper in self.browsers:
            self.add(shopper, 0, 1)
        self.check_out("ada")

    # --- the shopper ----------------------------------------------------------------------------

    @rule(shopper=shoppers, n=numbers, quantity=quantities)
    def add(self, shopper: str, n: int, quantity: int) -> None:
        product = self.product(n)
        self.browsers[shopper].add(product, quantity)
        in_cart = self.reference_shop.carts[shopper].get(product.pk, 0)
        self.reference_shop.set_quantity(shopper, product.pk, in_cart + quantity)

    @rule(shopper=shoppers, n=numbers, quantity=quantities)
    def set_quantity(self, shopper: str, n: int, quantity: int) -> None:
        self.browsers[shopper].set_quantity(self.product(n), quantity)
        self.reference_shop.set_quantity(shopper, self.product(n).pk, quantity)

    @rule(shopper=shoppers, n=numbers)
    def remove(self, shopper: str, n: int) -> None:
        self.browsers[shopper].remove(self.product(n))
        self.reference_shop.carts[shopper].pop(self.product(n).pk, None)

    @rule(shopper=shoppers)
    def open_cart_page(self, shopper: str) -> None:
        if self.reference_shop.can_check_out(shopper):
            page = self.browsers[shopper].open_cart()
            self.pages[shopper] = (page, self.reference_shop.page(shopper))

    @rule(shopper=shoppers, n=numbers)
    def add_and_check_out(self, shopper: str, n: int) -> None:
        self.add(shopper, n, 1)
        self.check_out(shopper)

    @rule(shopper=shoppers)
    def check_out(self, shopper: str) -> None:
        self._check_out(shopper, None, is_refused=not self.reference_shop.can_check_out(shopper))

    @rule(shopper=shoppers)
    def check_out_with_old_page(self, shopper: str) -> None:
        if shopper in self.pages:
            page, shown_lines = self.pages[shopper]
            is_current = shown_lines == self.reference_shop.page(
                shopper
            ) and self.reference_shop.can_check_out(shopper)
            self._check_out(shopper, page, is_refused=not is_current)

    def _check_out(self, shopper: str, page: str | None, *, is_refused: bool) -> None:
        self.browsers[shopper].check_out(page=page)
        known = [one.pk for one in self.reference_shop.orders]
        new = list(Order.objects.exclude(pk__in=known))
        assert len(new) == (0 if is_refused else int(self.reference_shop.check_out(shopper)))
        for order in new:
            expected_order = self.reference_shop.place_order(
                shopper, payment_url=order.session_url, pk=order.pk
            )
            assert (order.total, order.user) == (expected_order.total, self.browsers[shopper].user)

    @if_any_order(is_open)
    @rule(n=numbers, card=st.sampled_from(CARDS))
    def pay(self, n: int, card: str) -> None:
        one = self.expected_order(n, is_open)
        self.sandbox.pay(one.payment_url, card=card)
        self._record_payment(one, {PAYS: "paid", ASKS_3DS: "requires_action"}.get(card, ""))

    @if_any_order(is_open)
    @rule(n=numbers)
    def pay_by_bank_debit(self, n: int) -> None:
        one = self.expected_order(n, is_open)
        self.sandbox.pay_by_bank_debit(one.payment_url)
        self._record_payment(one, "processing")

    @if_any_order(needs_3ds)
    @rule(n=numbers, ok=st.booleans())
    def confirm_3ds(self, n: int, ok: bool) -> None:
        one = self.expected_order(n, needs_3ds)
        self.sandbox.confirm_3ds(one.payment_url, ok=ok)
        self._record_payment(one, "paid" if ok else "")

    @if_any_order()
    @rule(n=numbers)
    def pay_any_order(self, n: int) -> None:
        one = self.expected_order(n)
        self.sandbox.pay(one.payment_url)
        self._record_payment(one, "paid")

    def _record_payment(self, one: ExpectedOrder, payment: str) -> None:
        if one.session == "open":
            one.payment = payment
            one.session = "complete" if payment in ("paid", "processing") else "open"

    @if_any_order(is_open)
    @rule(n=numbers)
    def cancel(self, n: int) -> None:
        one = self.expected_order(n)
        cancel_order(self.real_order(one))
        self.reference_shop.cancel(one)

    # --- Stripe ---------------------------------------------------------------------------------

    @if_any_order(is_processing)
    @rule(n=numbers, ok=st.booleans())
    def settle(self, n: int, ok: bool) -> None:
        one = self.expected_order(n, is_processing)
        self.sandbox.settle(one.payment_url, ok=ok)
        one.payment = "paid" if ok else "failed"

    @if_any_order(is_open)
    @rule(n=numbers)
    def expire(self, n: int) -> None:
        one = self.expected_order(n, is_open)
        self.sandbox.expire(one.payment_url)
        one.session = "expired"

    @precondition(lambda self: self.undelivered)
    @rule(n=numbers)
    def deliver_webhook(self, n: int) -> None:
        self.post_webhook(nth(self.undelivered, n))

    @precondition(lambda self: self.delivered_ids)
    @rule(n=numbers)
    def redeliver_webhook(self, n: int) -> None:
        self.post_webhook(
            nth([event for event in self.events if event["id"] in self.delivered_ids], n)
        )

    @precondition(lambda self: self.undelivered)
    @rule()
    def deliver_webhooks_in_reverse(self) -> None:
        for event in reversed(self.undelivered):
            self.post_webhook(event)

    # --- the staff ------------------------------------------------------------------------------

    @if_any_order(is_paid)
    @rule(n=numbers, part=quantities)
    def refund_in_dashboard(self, n: int, part: int) -> None:
        one = self.expected_order(n, is_paid)
        amount = -(-one.refundable // part)
        if not self.is_disputed(one):
            self.sandbox.refund(one.payment_url, amount=amount)
            one.refund(amount)

    @if_any_order(is_paid)
    @rule(n=numbers, part=quantities, restock=st.booleans())
    def refund(self, n: int, part: int, restock: bool) -> None:
        """Refund an amount. All items come back if it is everything that is left."""
        one = self.expected_order(n)
        order, amount = self.real_order(one), one.total // part
        left, rest = amount_refundable(order), one.rest(self._active_keys(one))
        is_whole = restock and amount == left
        if self._refund(one, min(left, one.refundable), amount, restock=restock) and is_whole:
            self._return_items(one, rest, restock=True)

    @if_any_order(is_paid)
    @rule(n=numbers, line=numbers, quantity=quantities, restock=st.booleans())
    def refund_items(self, n: int, line: int, quantity: int, restock: bool) -> None:
        one = self.expected_order(n)
        order = self.real_order(one)
        item = nth(list(order.items.all()), line)
        rest = one.rest(self._active_keys(one)).get(item.product_id, 0)
        amount = min(amount_refundable(order), item.unit_amount * quantity)
        most = one.refundable if 0 < quantity <= rest and amount else -1
        if self._refund(one, most, amount, items={item: quantity}, restock=restock):
            self._return_items(one, {item.product_id: quantity}, restock=restock)

    def _refund(self, one: ExpectedOrder, most: int, amount: int, **options: Any) -> bool:
        """Refund as staff, and return whether that was possible: ``most`` is what can be."""
        order = self.real_order(one)
        is_possible = amount <= most and not self.is_disputed(one)
        try:
            refund_order(order, None if "items" in options else amount, **options)
        except (RefundNotPossible, PaymentRefused):
            assert not is_possible
            return False
        assert is_possible
        one.refund(amount)
        return True

    def _active_keys(self, one: ExpectedOrder) -> set[UUID]:
        return set(self.real_order(one).refunds.active().values_list("key", flat=True))

    def _return_items(self, one: ExpectedOrder, lines: dict[int, int], *, restock: bool) -> None:
        newest = self.real_order(one).refunds.filter(source="shop").latest("pk")
        one.refunded_items[newest.key] = lines, restock
        self.reference_shop.return_items(one, self._active_keys(one))

    @if_any_order(lambda one: one.amount_refunded)
    @rule(n=numbers)
    def fail_refund(self, n: int) -> None:
        done = [refund for refund in self.sandbox.refunds if refund["status"] == "succeeded"]
        refund = nth(done, n)
        self.sandbox.set_refund_status(refund, "failed")
        self.order_of_refund(refund).amount_refunded -= refund["amount"]

    @if_any_order(is_paid)
    @rule(n=numbers, confirmed=st.booleans())
    def fulfill(self, n: int, confirmed: bool) -> None:
        one = self.expected_order(n)
        order = self.real_order(one)
        is_troubled = order.refunds.exists() or order.disputes.exists()
        try:
            fulfill_order(order, confirmed=confirmed)
        except ConfirmationNeeded:
            assert is_troubled
            assert not confirmed
        except OrderError:
            assert one.known_status not in ("paid", "fulfilled")
        else:
            assert one.known_status in ("paid", "fulfilled")
            one.is_fulfilled = True

    @if_any_order(is_paid)
    @rule(n=numbers, is_inquiry=st.booleans())
    def open_dispute(self, n: int, is_inquiry: bool) -> None:
        """Open a dispute, perhaps one of several of the payment."""
        one = self.expected_order(n, is_paid)
        self.sandbox.open_dispute(self.real_intent_id(one) or "", is_inquiry=is_inquiry)

    @precondition(lambda self: self.sandbox.disputes)
    @rule(n=numbers, won=st.booleans())
    def close_dispute(self, n: int, won: bool) -> None:
        with suppress(ApiError):  # it is closed
            self.sandbox.close_dispute(nth(self.sandbox.disputes, n)["id"], won=won)

    @precondition(lambda self: OrderIssue.objects.open().exists())
    @rule(n=numbers)
    def settle_issue(self, n: int) -> None:
        settle_issue(nth(list(OrderIssue.objects.open()), n))

    @rule(n=numbers, amount=st.sampled_from([10000, 15000]))
    def change_price(self, n: int, amount: int) -> None:
        pk = self.product(n).pk
        Product.objects.filter(pk=pk).update(price=amount // 100)
        self.reference_shop.prices[pk] = amount

    @rule(n=numbers, number=st.sampled_from([-1, 1, 2]))
    def change_stock(self, n: int, number: int) -> None:
        pk = self.product(n).pk
        if self.reference_shop.stock[pk] + number >= 0:
            Product.objects.filter(pk=pk).update(stock=F("stock") + number)
            self.reference_shop.stock[pk] += number
            self.initial_stock[pk] += number

    # --- sync -----------------------------------------------------------------------------------

    @if_any_order()
    @rule(n=numbers)
    def sync(self, n: int) -> None:
        sync_order(self.real_order(self.expected_order(n)))

    @if_any_order()
    @rule()
    def sync_all(self) -> None:
        self.deliver_and_sync_all()


def test_the_shop_always_matches_the_reference(
    db: None, sandbox: Sandbox, counted_payments: None
) -> None:
    run_state_machine_as_test(Shop, settings=SETTINGS)


def test_a_shop_that_empties_a_cart_differs_from_the_reference(
    db: None, sandbox: Sandbox, counted_payments: None
) -> None:
    def empty_the_cart(order: Order, **kwargs: object) -> None:
        CartItem.objects.filter(cart=order.cart).delete()

    order_canceled.connect(empty_the_cart)
    try:
        with pytest.raises(AssertionError):
            run_state_machine_as_test(
                Shop,
                settings=settings(
                    SETTINGS,
                    max_examples=200,
                    derandomize=True,
                    phases=[Phase.generate],
                    report_multiple_bugs=False,
                ),
            )
    finally:
        order_canceled.disconnect(empty_the_cart)
