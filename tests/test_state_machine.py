"""Anything that shoppers, Stripe and the staff may do, in any order, against a reference shop."""

from __future__ import annotations

import os

import pytest
from django.db.models import F
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.exceptions import OrderError, PaymentRefused, RefundNotPossible
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import CartItem, Order, Product
from django_stripe_cart.payments import sync_order
from django_stripe_cart.refunds import amount_refundable, refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_canceled
from tests.support.reference import Bought
from tests.support.shop_machine import ShopMachine, if_any, nth

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]

PAYS, ASKS_3DS = "4242424242424242", "4000002500003155"
CARDS = [PAYS, PAYS, "4000000000000002", "4000000000009995", ASKS_3DS]


def is_open(one: Bought) -> bool:
    return one.session == "open"


def is_asked(one: Bought) -> bool:
    return one.money == "asked"


def is_processing(one: Bought) -> bool:
    return one.money == "processing"


def is_paid(one: Bought) -> bool:
    return one.left > 0


shoppers = st.sampled_from(["ada", "bob"])
nths = st.integers(min_value=0, max_value=11)  # the n-th of those that there are
few = st.integers(min_value=1, max_value=3)

# TEST_EXAMPLES=2000 looks longer than the suite has time for.
SETTINGS = settings(
    max_examples=int(os.environ.get("TEST_EXAMPLES", "60")),
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.reuse, Phase.generate, Phase.shrink],
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class Shop(ShopMachine):
    """Each rule does one thing in the real shop, and the same in the reference."""

    @initialize()
    def begin(self) -> None:
        for shopper in self.browsers:
            self.add(shopper, 0, 1)
        self.check_out("ada")

    # --- the shopper ----------------------------------------------------------------------------

    @rule(shopper=shoppers, n=nths, quantity=few)
    def add(self, shopper: str, n: int, quantity: int) -> None:
        product = self.product(n)
        self.browsers[shopper].add(product, quantity)
        in_cart = self.ledger.carts[shopper].get(product.pk, 0)
        self.ledger.put(shopper, product.pk, in_cart + quantity)

    @rule(shopper=shoppers, n=nths, quantity=few)
    def set_quantity(self, shopper: str, n: int, quantity: int) -> None:
        self.browsers[shopper].set_quantity(self.product(n), quantity)
        self.ledger.put(shopper, self.product(n).pk, quantity)

    @rule(shopper=shoppers, n=nths)
    def remove(self, shopper: str, n: int) -> None:
        self.browsers[shopper].remove(self.product(n))
        self.ledger.carts[shopper].pop(self.product(n).pk, None)

    @rule(shopper=shoppers)
    def leave_a_page_open(self, shopper: str) -> None:
        if self.ledger.can_be_bought(shopper):
            page = self.browsers[shopper].open_cart()
            self.pages[shopper] = (page, self.ledger.page(shopper))

    @rule(shopper=shoppers, n=nths)
    def buy_one_more(self, shopper: str, n: int) -> None:
        self.add(shopper, n, 1)
        self.check_out(shopper)

    @rule(shopper=shoppers)
    def check_out(self, shopper: str) -> None:
        self._check_out(shopper, None, is_refused=not self.ledger.can_be_bought(shopper))

    @rule(shopper=shoppers)
    def check_out_from_the_page_left_open(self, shopper: str) -> None:
        if shopper in self.pages:
            page, seen = self.pages[shopper]
            is_true = seen == self.ledger.page(shopper) and self.ledger.can_be_bought(shopper)
            self._check_out(shopper, page, is_refused=not is_true)

    def _check_out(self, shopper: str, page: str | None, *, is_refused: bool) -> None:
        self.browsers[shopper].check_out(page=page)
        known = [one.pk for one in self.ledger.orders]
        new = list(Order.objects.exclude(pk__in=known))
        assert len(new) == (0 if is_refused else int(self.ledger.check_out(shopper)))
        for order in new:
            bought = self.ledger.place(shopper, address=order.session_url, pk=order.pk)
            assert (order.total, order.user) == (bought.total, self.browsers[shopper].user)

    @if_any(is_open)
    @rule(n=nths, card=st.sampled_from(CARDS))
    def pay(self, n: int, card: str) -> None:
        one = self.bought(n, is_open)
        self.sandbox.pay(one.address, card=card)
        self._answer(one, {PAYS: "paid", ASKS_3DS: "asked"}.get(card, ""))

    @if_any(is_open)
    @rule(n=nths)
    def pay_by_bank_debit(self, n: int) -> None:
        one = self.bought(n, is_open)
        self.sandbox.pay_by_bank_debit(one.address)
        self._answer(one, "processing")

    @if_any(is_asked)
    @rule(n=nths, ok=st.booleans())
    def answer_the_bank(self, n: int, ok: bool) -> None:
        one = self.bought(n, is_asked)
        self.sandbox.confirm_3ds(one.address, ok=ok)
        self._answer(one, "paid" if ok else "")

    @if_any()
    @rule(n=nths)
    def pay_at_any_address_ever_given(self, n: int) -> None:
        one = self.bought(n)
        self.sandbox.pay(one.address)
        self._answer(one, "paid")

    def _answer(self, one: Bought, money: str) -> None:
        if one.session == "open":
            one.money = money
            one.session = "complete" if money in ("paid", "processing") else "open"

    @if_any(is_open)
    @rule(n=nths)
    def cancel(self, n: int) -> None:
        one = self.bought(n)
        cancel_order(self.real(one))
        self.ledger.cancel(one)

    # --- Stripe ---------------------------------------------------------------------------------

    @if_any(is_processing)
    @rule(n=nths, ok=st.booleans())
    def settle(self, n: int, ok: bool) -> None:
        one = self.bought(n, is_processing)
        self.sandbox.settle(one.address, ok=ok)
        one.money = "paid" if ok else "failed"

    @if_any(is_open)
    @rule(n=nths)
    def expire(self, n: int) -> None:
        one = self.bought(n, is_open)
        self.sandbox.expire(one.address)
        one.session = "expired"

    @precondition(lambda self: self.waiting)
    @rule(n=nths)
    def deliver_one(self, n: int) -> None:
        self.post_webhook(nth(self.waiting, n))

    @precondition(lambda self: self.heard)
    @rule(n=nths)
    def deliver_one_again(self, n: int) -> None:
        self.post_webhook(nth([event for event in self.events if event["id"] in self.heard], n))

    @precondition(lambda self: self.waiting)
    @rule()
    def deliver_all_from_the_newest(self) -> None:
        for event in reversed(self.waiting):
            self.post_webhook(event)

    # --- the staff ------------------------------------------------------------------------------

    @if_any(is_paid)
    @rule(n=nths, part=few)
    def refund_in_the_dashboard(self, n: int, part: int) -> None:
        one = self.bought(n, is_paid)
        amount = -(-one.left // part)
        self.sandbox.refund(one.address, amount=amount)
        one.refund(amount)

    @if_any(is_paid)
    @rule(n=nths, part=few, restock=st.booleans())
    def refund(self, n: int, part: int, restock: bool) -> None:
        one = self.bought(n)
        order, amount = self.real(one), one.total // part
        is_possible = amount <= min(one.left, amount_refundable(order))
        try:
            refund_order(order, amount, restock=restock)
        except (RefundNotPossible, PaymentRefused):
            assert not is_possible
            return
        assert is_possible
        one.refund(amount)
        if restock:
            self.ledger.give_back(one)

    @if_any(lambda one: one.refunded)
    @rule(n=nths)
    def let_a_refund_fail(self, n: int) -> None:
        done = [refund for refund in self.sandbox.refunds if refund["status"] == "succeeded"]
        refund = nth(done, n)
        self.sandbox.set_refund_status(refund, "failed")
        self.refunded(refund).refunded -= refund["amount"]

    @if_any(is_paid)
    @rule(n=nths)
    def fulfill(self, n: int) -> None:
        one = self.bought(n)
        try:
            fulfill_order(self.real(one))
        except OrderError:
            assert one.seen not in ("paid", "fulfilled")
        else:
            assert one.seen in ("paid", "fulfilled")
            one.is_fulfilled = True

    @rule(n=nths, amount=st.sampled_from([10000, 15000]))
    def change_a_price(self, n: int, amount: int) -> None:
        pk = self.product(n).pk
        Product.objects.filter(pk=pk).update(price=amount // 100)
        self.ledger.prices[pk] = amount

    @rule(n=nths, number=st.sampled_from([-1, 1, 2]))
    def count_the_stock(self, n: int, number: int) -> None:
        pk = self.product(n).pk
        if self.ledger.shelf[pk] + number >= 0:
            Product.objects.filter(pk=pk).update(stock=F("stock") + number)
            self.ledger.shelf[pk] += number
            self.there_were[pk] += number

    # --- looking again --------------------------------------------------------------------------

    @if_any()
    @rule(n=nths)
    def sync(self, n: int) -> None:
        sync_order(self.real(self.bought(n)))

    @if_any()
    @rule()
    def everything_is_told(self) -> None:
        self.tell_everything()


def test_the_shop_is_always_the_reference(
    db: None, sandbox: Sandbox, counted_payments: None
) -> None:
    run_state_machine_as_test(Shop, settings=SETTINGS)


def test_a_shop_that_forgets_what_is_in_the_cart_is_found_out(
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
