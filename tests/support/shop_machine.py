"""The real shop and the reference beside each other, and what must be the same in both."""

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
from tests.support.reference import Bought, Ledger

T = TypeVar("T")
Event = dict[str, Any]
Which = Callable[[Bought], object]


class ShopMachine(RuleBasedStateMachine):
    """Two shoppers, six mugs and three lamps. The webhooks wait until they are delivered."""

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
        self.ledger = Ledger(
            shelf={mug.pk: 6, lamp.pk: 3},
            prices={mug.pk: 10000, lamp.pk: 25000},
            carts={name: {} for name in self.browsers},
        )
        self.there_were = dict(self.ledger.shelf)
        self.pages: dict[str, tuple[str, Any]] = {}
        self.heard: set[str] = set()
        self.waiting: list[Event] = []  # what has not arrived yet

    def teardown(self) -> None:
        """In the end all is known, unless something has gone wrong before."""
        with self._stack:
            if sys.exc_info()[0] is None:
                self.tell_everything()

    def tell_everything(self) -> None:
        for event in self.waiting:
            self.post_webhook(event)
        synced = list(sync_open_orders(Order.objects.all()))
        assert not [one.error for one in synced if one.error]
        self.every_state_is_possible()
        self.assert_all_is_known()

    # --- what there is --------------------------------------------------------------------------

    def product(self, n: int) -> Product:
        return self.products[n % len(self.products)]

    def bought(self, n: int, which: Which = lambda one: True) -> Bought:
        """The n-th order of those."""
        return nth([one for one in self.ledger.orders if which(one)], n)

    def real(self, one: Bought) -> Order:
        return Order.objects.get(pk=one.pk)

    def refunded(self, refund: Event) -> Bought:
        """The order that a refund at Stripe is of."""
        intents = {intent["id"]: intent for intent in self.sandbox.payment_intents}
        reference = intents[refund["payment_intent"]]["metadata"][ORDER_KEY]
        pk = Order.objects.get(reference=reference).pk
        return next(one for one in self.ledger.orders if one.pk == pk)

    @property
    def events(self) -> list[Event]:
        return [event for event in self.sandbox.events if event["type"] in EVENT_TYPES]

    def post_webhook(self, event: Event) -> None:
        signed = sign_event(event)
        assert post_webhook(signed.body, signed.headers) == 200
        self.heard.add(event["id"])

    # --- what must be the same in both ----------------------------------------------------------

    @invariant()
    def both_agree(self) -> None:
        self.every_state_is_possible()
        self.carts_and_shelves_are_the_same()
        self.nothing_is_violated()
        self.waiting = [one for one in self.events if one["id"] not in self.heard]

    def every_state_is_possible(self) -> None:
        """The shop may not know all that happened at Stripe yet, but it invents nothing."""
        states = dict(Order.objects.values_list("pk", "status"))
        assert states.keys() == {one.pk for one in self.ledger.orders}
        for one in self.ledger.orders:
            assert states[one.pk] in one.possible, (states[one.pk], one)
            self.ledger.learn(one, states[one.pk])

    def carts_and_shelves_are_the_same(self) -> None:
        carts: dict[str, dict[int, int]] = {name: {} for name in self.browsers}
        for item in CartItem.objects.select_related("cart__user"):
            carts[item.cart.user.username][item.product_id] = item.quantity

        assert carts == self.ledger.carts
        assert dict(Product.objects.values_list("pk", "stock")) == self.ledger.shelf

    def nothing_is_violated(self) -> None:
        addresses = [one.address for one in self.ledger.orders]
        assert violations(self.sandbox, stock=self.there_were, handed_out=addresses) == []

    def assert_all_is_known(self) -> None:
        for one in self.ledger.orders:
            order = self.real(one)
            assert (order.status, order.amount_refunded) == (one.end, one.refunded)
            assert order.amount_paid == (one.total if one.money == "paid" else 0)
        found = settled_violations(self.sandbox, stock=self.there_were, payments_are_counted=True)
        assert [sentence for sentence in found if not sentence.endswith("still pending.")] == []


def nth(some: Sequence[T], n: int) -> T:
    return some[n % len(some)]


def if_any(which: Which = lambda one: True) -> Any:
    """A rule for when there are such orders."""
    return precondition(lambda self: any(map(which, self.ledger.orders)))
