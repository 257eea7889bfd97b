"""Everything that can happen to a shop: each method is one kind of step, chosen by numbers.

The numbers pick from whatever there is at that moment, so that a campaign can be replayed, and its
steps be left out one by one.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, TypeVar

from django.contrib.auth.models import User
from django.db import Error as DatabaseTrouble
from django.db import connection
from django.db.models import F

from django_stripe_cart.exceptions import OrderError
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.gateway.http import DeadlineHTTPClient
from django_stripe_cart.models import CartItem, Order, Product
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.faults import API_FAULTS, WEBHOOK_FAULTS
from django_stripe_cart.testing.factories import make_product
from tests.batteries import actions
from tests.batteries.actions import Answer
from tests.batteries.ageing import grow_older
from tests.batteries.clock import settle
from tests.batteries.monitors import CartWatch, leaks
from tests.batteries.processes import Victims, victims
from tests.batteries.shop import Shop
from tests.batteries.tracepoints import watch_requests, watched
from tests.batteries.worker_process import browser_of

T = TypeVar("T")
Deed = tuple[Callable[..., Any], tuple[Any, ...]]

SHOPPERS = 4
KEYS = itertools.count(10_000)  # never the same again: the browsers of a process are kept by key
CARDS = (
    "4242424242424242",
    "4242424242424242",
    "4000000000000002",  # declined
    "4000002500003155",  # asks for 3D Secure
    "4000000000000259",  # pays, then disputed
    "4000000000007726",  # its refund is pending first
    "4000000000005126",  # its refund succeeds, then fails
)
REFUND_STATUSES = ("succeeded", "failed", "canceled")
TARGETS = (
    "* /v1/*",
    "POST /v1/checkout/sessions",
    "GET /v1/checkout/sessions/*",
    "POST /v1/checkout/sessions/*/expire",
    "* /v1/refunds",
    "GET /v1/disputes",
    "GET /v1/events",
)
IMPATIENT = (2.0, 1.0)


@dataclass(frozen=True)
class Step:
    """``trouble`` strikes when the deed comes to point ``at``; ``meanwhile``, at that request."""

    name: str
    who: int = 0
    pick: int = 0
    number: int = 0
    trouble: str = ""
    at: int = 0
    meanwhile: Step | None = None

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        inner = data.get("meanwhile")
        return cls(**{**data, "meanwhile": cls.read(inner) if inner else None})


class World:
    def __init__(self, shop: Shop) -> None:
        self.shop, self.sandbox = shop, shop.sandbox
        self.wrong: list[str] = []
        self.pages: dict[int, str] = {}
        self.addresses: list[str] = []
        self.is_held = False
        self.is_cut = False
        self.letter_kills_at: int | None = None
        self.doomed: Victims
        shop.start_again()
        users = [User.objects.create_user(f"{who}", pk=next(KEYS)) for who in range(SHOPPERS)]
        self.shoppers = [browser_of(user.pk) for user in users]
        self.products = [
            shop.sell("Mug", price="200.00", stock=20),
            shop.sell("Lamp", price="300.00", stock=6),
            shop.sell("Gift", price="0.00", stock=9),
            make_product("Print", price="50.00", stock=None),
        ]
        self.carts = CartWatch()

    @contextmanager
    def running(self) -> Iterator[None]:
        self.sandbox.deliver_with(self.take_letter)
        self.sandbox.hold_deliveries = True
        with (
            victims(self.shop.place) as self.doomed,
            transport(watch_requests(self.sandbox.http_client())),
        ):
            yield

    def perform(self, step: Step) -> None:
        """Take a step, with whatever comes of it; what must not be is added to ``wrong``."""
        if step.name in DEEDS:
            deed = DEEDS[step.name](self, step)
            if deed is not None:
                self._judge(step, self._do(deed, step))
        else:
            with suppress(ApiError):  # Stripe refuses what can't be done
                LEVERS[step.name](self, step)
        if not self.is_held:
            self.sandbox.deliver()

    def settle(self) -> None:
        """Faults stop, everything arrives, time passes, and sync runs."""
        self.sandbox.faults.clear()
        self.sandbox.clock.reset()
        self.letter_kills_at = None
        self.sandbox.hold_deliveries = False
        try:
            settle(self.sandbox)
        except AssertionError as error:
            self.wrong.append(str(error))

    # --- deeds: what our own code does ------------------------------------------------------------

    def add(self, step: Step) -> Deed:
        self.carts.touched.add(self._user(step))
        return actions.add, (self._user(step), self._product(step).pk)

    def set_quantity(self, step: Step) -> Deed:
        self.carts.touched.add(self._user(step))
        return set_quantity, (self._user(step), self._product(step).pk, step.number % 4)

    def open_cart(self, step: Step) -> None:
        self.pages[step.who] = self.shoppers[step.who].open_cart()

    def check_out(self, step: Step) -> Deed:
        if not CartItem.objects.filter(cart__user=self._user(step)).exists():
            self.carts.touched.add(self._user(step))
            self.shoppers[step.who].add(self._product(step))
        self.open_cart(step)
        return self.check_out_as_seen(step)

    def check_out_as_seen(self, step: Step) -> Deed:
        """From a page that may be old."""
        return actions.press_checkout, (self._user(step), self.pages.get(step.who, ""))

    def come_back(self, step: Step) -> Deed | None:
        order = self._own_order(step)
        return order and (actions.come_back, (self._user(step), str(order.reference)))

    def look_at_order(self, step: Step) -> Deed | None:
        order = self._own_order(step)
        Order.objects.filter(pk=order and order.pk).update(synced_at=None)
        return order and (look_at_order, (self._user(step), str(order.reference)))

    def pay_after_all(self, step: Step) -> Deed | None:
        order = self._own_order(step)
        return order and (actions.pay_after_all, (self._user(step), str(order.reference)))

    def cancel_own(self, step: Step) -> Deed | None:
        order = self._own_order(step)
        return order and (actions.cancel_own, (self._user(step), str(order.reference)))

    def order_again(self, step: Step) -> Deed | None:
        self.carts.touched.add(self._user(step))
        order = self._own_order(step)
        return order and (actions.order_again, (self._user(step), str(order.reference)))

    def cancel(self, step: Step) -> Deed | None:
        order = _choose(Order.objects.filter(status="pending").order_by("pk"), step.pick)
        return order and (actions.cancel, (order.pk,))

    def cancel_any(self, step: Step) -> Deed | None:
        order = _choose(Order.objects.order_by("pk"), step.pick)
        return order and (actions.cancel, (order.pk,))

    def refund(self, step: Step) -> Deed | None:
        order = _choose(Order.objects.exclude(amount_paid=0).order_by("pk"), step.pick)
        return order and (
            actions.refund,
            (order.pk, order.amount_paid * (1 + step.number % 4) // 4),
        )

    def fulfill(self, step: Step) -> Deed | None:
        order = _choose(Order.objects.exclude(amount_paid=0).order_by("pk"), step.pick)
        return order and (fulfill, (order.pk,))

    def sync(self, step: Step) -> Deed:
        return actions.sync, ()

    # --- levers: what others do -------------------------------------------------------------------

    def peep(self, step: Step) -> None:
        """At somebody else's order."""
        others = Order.objects.exclude(user=self._user(step)).order_by("pk")
        if order := _choose(others, step.pick):
            self.wrong.extend(leaks(self.shoppers[step.who], order))

    def pay(self, step: Step) -> None:
        """The newest order of a shopper."""
        order = Order.objects.filter(user=self._user(step)).order_by("pk").last()
        if order is not None and order.session_url in self.shop.handed_out:
            self.sandbox.pay(order.session_url)

    def pay_any(self, step: Step) -> None:
        """Any address that was ever handed out, with any card."""
        url = _choose(self.addresses, step.pick)
        if url is None:
            return
        payment = self.sandbox.pay(url, card=CARDS[step.number % len(CARDS)])
        if payment.status == "requires_action" and step.number % 2:
            self.sandbox.confirm_3ds(url, ok=step.number % 3 > 0)

    def pay_later(self, step: Step) -> None:
        if url := _choose(self.addresses, step.pick):
            self.sandbox.pay_by_bank_debit(url)

    def bank_decides(self, step: Step) -> None:
        waiting = [s for s in self.sandbox.sessions if _is_waiting(s)]
        if session := _choose(waiting, step.pick):
            self.sandbox.settle(session["id"], ok=step.number % 3 > 0)

    def refund_in_dashboard(self, step: Step) -> None:
        paid = [intent for intent in self.sandbox.payment_intents if intent["amount_received"]]
        if intent := _choose(paid, step.pick):
            self.sandbox.refund(intent["id"], amount=1 + step.number % 250 * 100)

    def refund_moves(self, step: Step) -> None:
        standing = [r for r in self.sandbox.refunds if r["status"] not in ("failed", "canceled")]
        if refund := _choose(standing, step.pick):
            status = REFUND_STATUSES[step.number % len(REFUND_STATUSES)]
            self.sandbox.set_refund_status(refund["id"], status)

    def dispute(self, step: Step) -> None:
        paid = [intent for intent in self.sandbox.payment_intents if intent["amount_received"]]
        if intent := _choose(paid, step.pick):
            self.sandbox.open_dispute(intent["id"], is_inquiry=step.number % 2 == 0)

    def dispute_ends(self, step: Step) -> None:
        if dispute := _choose(self.sandbox.disputes, step.pick):
            self.sandbox.close_dispute(dispute["id"], won=step.number % 2 == 0)

    def session_ends(self, step: Step) -> None:
        if session := _choose(self.sandbox.sessions, step.pick):
            self.sandbox.expire(session["id"])

    def resend(self, step: Step) -> None:
        if session := _choose(self.sandbox.sessions, step.pick):
            self.sandbox.resend(session["id"])

    def price_changes(self, step: Step) -> None:
        price = 100 + step.number % 5 * 50
        Product.objects.filter(pk=self.products[step.pick % 2].pk).update(price=price)

    def stock_changes(self, step: Step) -> None:
        pk, more = self.products[step.pick % 3].pk, step.number % 9 - 3
        shelf = Product.objects.filter(pk=pk, stock__gte=-more)
        if shelf.update(stock=F("stock") + more):
            self.shop.stock[pk] += more

    def goes_off_sale(self, step: Step) -> None:
        on_sale = step.number % 4 > 0
        Product.objects.filter(pk=self._product(step).pk).update(is_active=on_sale)

    def stripe_fails(self, step: Step) -> None:
        self.sandbox.faults.add(
            TARGETS[step.pick % len(TARGETS)],
            kind=API_FAULTS[step.number % len(API_FAULTS)],
            times=1 + step.number % 5,
            skip=step.pick % 3,
        )

    def webhooks_fail(self, step: Step) -> None:
        kind = WEBHOOK_FAULTS[step.number % len(WEBHOOK_FAULTS)]
        self.sandbox.faults.add("WEBHOOK *", kind=kind, times=1 + step.pick % 3, seconds=5)

    def faults_stop(self, step: Step) -> None:
        self.sandbox.faults.clear()

    def webhook_kills(self, step: Step) -> None:
        """The next delivery finds a worker that will not survive it."""
        self.letter_kills_at = step.number % 30

    def webhooks_wait(self, step: Step) -> None:
        self.is_held = step.number % 2 == 0

    def clocks_differ(self, step: Step) -> None:
        self.sandbox.clock.reset()
        self.sandbox.clock.advance(seconds=step.number % 241 - 120)

    def time_passes(self, step: Step) -> None:
        grow_older(self.sandbox, timedelta(minutes=1 + step.number % 50))

    # --- how a deed is done -----------------------------------------------------------------------

    def take_letter(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Stripe rings, perhaps at a worker that is about to die."""
        if self.letter_kills_at is None:
            answer = actions.ring(body, headers)
            connection.close_if_unusable_or_obsolete()
            return answer.status
        at, self.letter_kills_at = self.letter_kills_at, None
        answer = self._do_and_die((actions.ring, (body, headers)), at)
        if answer is None:
            raise ConnectionResetError("The worker died.")
        return answer.status

    def _do(self, deed: Deed, step: Step) -> Any:
        if step.trouble == "kill":
            return self._do_and_die(deed, step.at)
        self.is_cut = False
        try:
            with self._meanwhile(step):
                return deed[0](*deed[1])
        except DatabaseTrouble:
            if not self.is_cut:
                raise
            return None
        finally:
            if self.is_cut:
                connection.close()

    def _do_and_die(self, deed: Deed, at: int) -> Any:
        ended = self.doomed.run(die_at, deed, self.shoppers[0].user.pk, at)
        return None if ended.signal else ended.result

    @contextmanager
    def _meanwhile(self, step: Step) -> Iterator[None]:
        """At one point of the deed, cut its connection; at one of its requests, let others act."""
        passed = asked = 0

        def reach(name: str) -> None:
            nonlocal passed, asked
            if passed == step.at and step.trouble == "cut" and not self.is_cut:
                self.is_cut = True
                cut_connection()
            passed += 1
            if "/v1/" not in name or step.meanwhile is None:
                return
            asked += 1
            if asked - 1 == step.at % 6:
                self.perform(step.meanwhile)

        if step.trouble != "cut" and step.meanwhile is None:
            yield
            return
        with watched(reach):
            yield

    def _judge(self, step: Step, answer: Any) -> None:
        if not isinstance(answer, Answer):
            return
        if self.shop.note_address(answer.url):
            self.addresses.append(answer.url)
        is_page = step.name not in ("sync",)
        if is_page and answer.status >= 500 and not self.is_cut:
            self.wrong.append(f"{step.name} was answered {answer.status}.")

    def _user(self, step: Step) -> int:
        return int(self.shoppers[step.who].user.pk)

    def _product(self, step: Step) -> Product:
        return self.products[step.pick % len(self.products)]

    def _own_order(self, step: Step) -> Order | None:
        return _choose(Order.objects.filter(user=self._user(step)).order_by("pk"), step.pick)


def set_quantity(user_pk: int, product_pk: int, quantity: int) -> Answer:
    answer = browser_of(user_pk).set_quantity(Product(pk=product_pk), quantity)
    return Answer(answer.status_code)


def look_at_order(user_pk: int, reference: str) -> Answer:
    return Answer(browser_of(user_pk).client.get(f"/shop/orders/{reference}/").status_code)


def fulfill(order_pk: int) -> Answer:
    try:
        return Answer(url=fulfill_order(Order.objects.get(pk=order_pk)).status)
    except OrderError as error:
        return Answer(sentences=(str(error),))


def die_at(deed: Deed, user_pk: int, at: int, *, say: Callable[[str], None]) -> Any:
    """In a process of its own: do the deed, and be gone at one of its points."""
    passed = 0

    def reach(name: str) -> None:
        nonlocal passed
        if passed == at:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    browser_of(user_pk)
    with transport(watch_requests(DeadlineHTTPClient(IMPATIENT))), watched(reach):
        return deed[0](*deed[1])


def cut_connection() -> None:
    """Have the database server hang up on us."""
    if connection.connection is None:
        return
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            if connection.vendor == "postgresql":
                pid = connection.connection.info.backend_pid
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            else:
                cursor.execute("KILL CONNECTION %s", [connection.connection.thread_id()])
    finally:
        other.close()


def can_be_cut() -> bool:
    """Not a file."""
    return connection.vendor != "sqlite"


def _is_waiting(session: dict[str, Any]) -> bool:
    return session["status"] == "complete" and session["payment_status"] == "unpaid"


def _choose(things: Sequence[T] | Any, pick: int) -> T | None:
    some = list(things)
    return some[pick % len(some)] if some else None


DEEDS: dict[str, Callable[[World, Step], Deed | None]] = {
    name: getattr(World, name)
    for name in (
        "add",
        "set_quantity",
        "check_out",
        "check_out_as_seen",
        "come_back",
        "look_at_order",
        "pay_after_all",
        "cancel_own",
        "order_again",
        "cancel",
        "cancel_any",
        "refund",
        "fulfill",
        "sync",
    )
}
LEVERS: dict[str, Callable[[World, Step], None]] = {
    name: getattr(World, name)
    for name in (
        "peep",
        "open_cart",
        "pay",
        "pay_any",
        "pay_later",
        "bank_decides",
        "refund_in_dashboard",
        "refund_moves",
        "dispute",
        "dispute_ends",
        "session_ends",
        "resend",
        "price_changes",
        "stock_changes",
        "goes_off_sale",
        "stripe_fails",
        "webhooks_fail",
        "faults_stop",
        "webhook_kills",
        "webhooks_wait",
        "clocks_differ",
        "time_passes",
    )
}
