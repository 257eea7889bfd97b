"""A state machine of the shop and its reference model, and the comparison of both."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from django.contrib.auth.models import User
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition

from django_stripe_cart.models import CartItem, Order, Product
from django_stripe_cart.payments import sync_open_orders
from django_stripe_cart.payments.metadata import ORDER_KEY
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.events import sign_event
from django_stripe_cart.testing.factories import make_product
from django_stripe_cart.testing.invariants import settled_violations, violations
from django_stripe_cart.testing.rollback import rolled_back
from django_stripe_cart.testing.sandbox import connected_sandbox, post_webhook
from django_stripe_cart.webhooks.processing import EVENT_TYPES
from tests.support.reference import ExpectedOrder, ReferenceShop

T = TypeVar("T")
Event = dict[str, Any]
Condition = Callable[[ExpectedOrder], object]


class ShopMachine(RuleBasedStateMachine):
    """Two shoppers, six mugs and three lamps. Webhooks are held until a rule delivers them."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._stack.enter_context(rolled_back())
        self.sandbox: Sandbox = self._stack.enter_context(connected_sandbox())
        self.sandbox.hold_deliveries = True
        mug = make_product("Mug", price="100.00", stock=6)
        lamp = make_product("Lamp", price="250.00", stock=3)
        self.products = [mug, lamp]
        self.browsers = {name: Browser(User.objects.create_user(name)) for name in ("ada", "bob")}
        self.reference_shop = ReferenceShop(
            stock={mug.pk: 6, lamp.pk: 3},
            prices={mug.pk: 10000, lamp.pk: 25000},
            carts={name: {} for name in self.browsers},
        )
        self.initial_stock = dict(self.reference_shop.stock)
        self.pages: dict[str, tuple[str, Any]] = {}
        self.delivered_ids: set[str] = set()
        self.undelivered: list[Event] = []

    def teardown(self) -> None:
        """Compare the final states, unless the test has failed before."""
        with self._stack:
            if sys.exc_info()[0] is None:
                self.deliver_and_sync_all()

    def deliver_and_sync_all(self) -> None:
        for event in self.undelivered:
            self.post_webhook(event)
        synced = list(sync_open_orders(Order.objects.all()))
        assert not [one.error for one in synced if one.error]
        self.assert_possible_states()
        self.assert_final_states()

    # --- rows and objects -----------------------------------------------------------------------

    def product(self, n: int) -> Product:
        return self.products[n % len(self.products)]

    def expected_order(self, n: int, condition: Condition = lambda one: True) -> ExpectedOrder:
        """Return the n-th expected order that meets the condition."""
        return nth([one for one in self.reference_shop.orders if condition(one)], n)

    def real_order(self, one: ExpectedOrder) -> Order:
        return Order.objects.get(pk=one.pk)

    def order_of_refund(self, refund: Event) -> ExpectedOrder:
        """Return the expected order of a refund at Stripe."""
        intents = {intent["id"]: intent for intent in self.sandbox.payment_intents}
        reference = intents[refund["payment_intent"]]["metadata"][ORDER_KEY]
        pk = Order.objects.get(reference=reference).pk
        return next(one for one in self.reference_shop.orders if one.pk == pk)

    def is_disputed(self, one: ExpectedOrder) -> bool:
        """Return whether Stripe refuses refunds of the order, because a bank has the money."""
        intent = self.real_intent_id(one)
        return any(
            dispute["payment_intent"] == intent and not dispute["is_charge_refundable"]
            for dispute in self.sandbox.disputes
        )

    def real_intent_id(self, one: ExpectedOrder) -> str | None:
        session_id = self.real_order(one).session_id
        return next(
            session["payment_intent"]
            for session in self.sandbox.sessions
            if session["id"] == session_id
        )

    @property
    def events(self) -> list[Event]:
        return [event for event in self.sandbox.events if event["type"] in EVENT_TYPES]

    def post_webhook(self, event: Event) -> None:
        signed = sign_event(event)
        assert post_webhook(signed.body, signed.headers) == 200
        self.delivered_ids.add(event["id"])

    # --- the comparison -------------------------------------------------------------------------

    @invariant()
    def compare_with_reference(self) -> None:
        self.assert_possible_states()
        self.assert_same_carts_and_stock()
        self.assert_no_violations()
        self.undelivered = [one for one in self.events if one["id"] not in self.delivered_ids]

    def assert_possible_states(self) -> None:
        """Check that each state is consistent with Stripe, though it may be outdated."""
        states = dict(Order.objects.values_list("pk", "status"))
        assert states.keys() == {one.pk for one in self.reference_shop.orders}
        for one in self.reference_shop.orders:
            assert states[one.pk] in one.possible_statuses, (states[one.pk], one)
            self.reference_shop.record_status(one, states[one.pk])

    def assert_same_carts_and_stock(self) -> None:
        carts: dict[str, dict[int, int]] = {name: {} for name in self.browsers}
        for item in CartItem.objects.select_related("cart__user"):
            carts[item.cart.user.username][item.product_id] = item.quantity

        assert carts == self.reference_shop.carts
        assert dict(Product.objects.values_list("pk", "stock")) == self.reference_shop.stock

    def assert_no_violations(self) -> None:
        addresses = [one.payment_url for one in self.reference_shop.orders]
        assert violations(self.sandbox, stock=self.initial_stock, handed_out=addresses) == []

    def assert_final_states(self) -> None:
        for one in self.reference_shop.orders:
            order = self.real_order(one)
            assert (order.status, order.amount_refunded) == (one.final_status, one.amount_refunded)
            assert order.amount_paid == (one.total if one.payment == "paid" else 0)
        found = settled_violations(
            self.sandbox, stock=self.initial_stock, payments_are_counted=True
        )
        assert [sentence for sentence in found if not sentence.endswith("still pending.")] == []


def nth(some: Sequence[T], n: int) -> T:
    return some[n % len(some)]


def if_any_order(condition: Condition = lambda one: True) -> Any:
    """Enable a rule only if an order meets the condition."""
    return precondition(lambda self: any(map(condition, self.reference_shop.orders)))
