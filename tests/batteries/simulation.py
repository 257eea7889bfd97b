"""A simulated shop for random campaigns: each method is one kind of step.

The numbers of a step choose among the rows and objects that exist when it runs. So a campaign can
be replayed, and single steps can be removed from it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, TypeVar

from django.contrib.auth.models import User
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import F

from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.gateway import create_session
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import CartItem, Order, OrderIssue, Product, Refund
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.faults import API_FAULTS, WEBHOOK_FAULTS
from django_stripe_cart.testing.factories import make_product
from tests.batteries import actions
from tests.batteries.actions import Action, Outcome
from tests.batteries.convergence import sync_until_stable
from tests.batteries.crashes import close_connection_at_server, kill_at_with_short_timeouts
from tests.batteries.monitors import CartMonitor, access_violations
from tests.batteries.processes import DisposableWorkers, disposable_workers
from tests.batteries.shop import Shop
from tests.batteries.tracepoints import trace_requests, traced
from tests.batteries.worker_process import browser_of
from tests.support.clock import age_rows_and_sandbox

T = TypeVar("T")

SHOPPERS = 4
KEYS = itertools.count(10_000)  # never reused: a process caches its browsers by primary key
CARDS = (
    "4242424242424242",
    "4242424242424242",
    "4000000000000002",  # declined
    "4000002500003155",  # requires 3D Secure
    "4000000000000259",  # paid, then disputed
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


@dataclass(frozen=True)
class Step:
    """A step, with a fault or a concurrent step.

    ``fault`` ("kill" or "disconnect") happens at tracepoint number ``at`` of the action, and
    ``concurrent`` runs at that request.
    """

    name: str
    shopper: int = 0
    pick: int = 0
    number: int = 0
    fault: str = ""
    at: int = 0
    concurrent: Step | None = None

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        inner = data.get("concurrent")
        return cls(**{**data, "concurrent": cls.from_dict(inner) if inner else None})


class Simulation:
    def __init__(self, shop: Shop) -> None:
        self.shop, self.sandbox = shop, shop.sandbox
        self.violations: list[str] = []
        self.pages: dict[int, str] = {}
        self.payment_urls: list[str] = []
        self.holds_webhooks = False
        self.is_disconnected = False
        self.webhook_kill_point: int | None = None
        self.workers: DisposableWorkers
        shop.reset()
        users = [User.objects.create_user(str(number), pk=next(KEYS)) for number in range(SHOPPERS)]
        self.shoppers = [browser_of(user.pk) for user in users]
        self.products = [
            shop.add_product("Mug", price="200.00", stock=20),
            shop.add_product("Lamp", price="300.00", stock=6),
            shop.add_product("Gift", price="0.00", stock=9),
            make_product("Print", price="50.00", stock=None),
        ]
        self.carts = CartMonitor()

    @contextmanager
    def running(self) -> Iterator[None]:
        self.sandbox.deliver_with(self.deliver)
        self.sandbox.hold_deliveries = True
        with (
            disposable_workers(self.shop.services) as self.workers,
            transport(trace_requests(self.sandbox.http_client())),
        ):
            yield

    def perform(self, step: Step) -> None:
        """Run a step, and add what must not happen to ``violations``."""
        if step.name in ACTIONS:
            action = ACTIONS[step.name](self, step)
            if action is not None:
                self._check_outcome(step, self._run(action, step))
        else:
            with suppress(ApiError):  # Stripe refuses an impossible step
                EXTERNAL_EVENTS[step.name](self, step)
        if not self.holds_webhooks:
            self.sandbox.deliver()

    def settle(self) -> None:
        """Clear the faults, deliver all webhooks, and sync until nothing changes."""
        self.sandbox.faults.clear()
        self.sandbox.clock.reset()
        self.webhook_kill_point = None
        self.sandbox.hold_deliveries = False
        try:
            sync_until_stable(self.sandbox)
        except AssertionError as error:
            self.violations.append(str(error))

    # --- actions: functions and views of the package ----------------------------------------------

    def add(self, step: Step) -> Action:
        self.carts.changed_users.add(self._user(step))
        return actions.add, (self._user(step), self._product(step).pk)

    def set_quantity(self, step: Step) -> Action:
        self.carts.changed_users.add(self._user(step))
        return actions.set_quantity, (self._user(step), self._product(step).pk, step.number % 4)

    def open_cart(self, step: Step) -> None:
        self.pages[step.shopper] = self.shoppers[step.shopper].open_cart()

    def check_out(self, step: Step) -> Action:
        if not CartItem.objects.filter(cart__user=self._user(step)).exists():
            self.carts.changed_users.add(self._user(step))
            self.shoppers[step.shopper].add(self._product(step))
        self.open_cart(step)
        return self.check_out_with_old_page(step)

    def check_out_with_old_page(self, step: Step) -> Action:
        """Check out with the fingerprint of a page that may be outdated."""
        return actions.check_out, (self._user(step), self.pages.get(step.shopper, ""))

    def return_from_stripe(self, step: Step) -> Action | None:
        order = self._own_order(step)
        return order and (actions.return_from_stripe, (self._user(step), str(order.reference)))

    def open_order_page(self, step: Step) -> Action | None:
        order = self._own_order(step)
        Order.objects.filter(pk=order and order.pk).update(synced_at=None)
        return order and (actions.open_order_page, (self._user(step), str(order.reference)))

    def pay_from_order_page(self, step: Step) -> Action | None:
        order = self._own_order(step)
        return order and (actions.pay_from_order_page, (self._user(step), str(order.reference)))

    def cancel_own_order(self, step: Step) -> Action | None:
        order = self._own_order(step)
        return order and (actions.cancel_own_order, (self._user(step), str(order.reference)))

    def order_again(self, step: Step) -> Action | None:
        self.carts.changed_users.add(self._user(step))
        order = self._own_order(step)
        return order and (actions.order_again, (self._user(step), str(order.reference)))

    def cancel(self, step: Step) -> Action | None:
        order = _choose(Order.objects.filter(status="pending").order_by("pk"), step.pick)
        return order and (actions.cancel, (order.pk,))

    def cancel_any(self, step: Step) -> Action | None:
        order = _choose(Order.objects.order_by("pk"), step.pick)
        return order and (actions.cancel, (order.pk,))

    def refund(self, step: Step) -> Action | None:
        order = _choose(Order.objects.exclude(amount_paid=0).order_by("pk"), step.pick)
        amount = order and order.amount_paid * (1 + step.number % 4) // 4
        return order and (actions.refund, (order.pk, amount if step.number % 7 else None))

    def refund_items(self, step: Step) -> Action | None:
        """Refund one or two pieces of an item, perhaps more than there are."""
        order = _choose(Order.objects.exclude(amount_paid=0).order_by("pk"), step.pick)
        item = order and _choose(order.items.all(), step.number)
        quantities = {item.pk: 1 + step.number % 2} if item else {}
        return order and (actions.refund_items, (order.pk, quantities, step.number % 3 > 0))

    def refund_again(self, step: Step) -> Action | None:
        """Send the form of a refund once more, if possible of one whose outcome is unknown."""
        ours = Refund.objects.filter(source="shop").order_by("pk")
        row = _choose(ours.unknown() if ours.unknown().exists() else ours, step.pick)
        return row and (actions.refund, (row.order_id, row.amount, row.key))

    def settle_issue(self, step: Step) -> Action | None:
        issue = _choose(OrderIssue.objects.open(), step.pick)
        return issue and (actions.settle, (issue.pk,))

    def fulfill(self, step: Step) -> Action | None:
        order = _choose(Order.objects.exclude(amount_paid=0).order_by("pk"), step.pick)
        return order and (actions.fulfill, (order.pk, step.number % 2 == 0))

    def sync(self, step: Step) -> Action:
        return actions.sync, ()

    # --- external events: shoppers at Stripe, Stripe, staff, clocks and networks ------------------

    def open_foreign_order(self, step: Step) -> None:
        """Open the order of another shopper."""
        others = Order.objects.exclude(user=self._user(step)).order_by("pk")
        if order := _choose(others, step.pick):
            self.violations.extend(access_violations(self.shoppers[step.shopper], order))

    def pay(self, step: Step) -> None:
        """Pay the newest order of a shopper."""
        order = Order.objects.filter(user=self._user(step)).order_by("pk").last()
        if order is not None and order.session_url in self.shop.payment_urls:
            self.sandbox.pay(order.session_url)

    def pay_any_session(self, step: Step) -> None:
        """Pay at any earlier payment URL, with any card."""
        url = _choose(self.payment_urls, step.pick)
        if url is None:
            return
        payment = self.sandbox.pay(url, card=CARDS[step.number % len(CARDS)])
        if payment.status == "action_required" and step.number % 2:
            self.sandbox.confirm_3ds(url, ok=step.number % 3 > 0)

    def pay_by_bank_debit(self, step: Step) -> None:
        if url := _choose(self.payment_urls, step.pick):
            self.sandbox.pay_by_bank_debit(url)

    def settle_bank_debit(self, step: Step) -> None:
        unsettled = [s for s in self.sandbox.sessions if _is_unsettled(s)]
        if session := _choose(unsettled, step.pick):
            self.sandbox.settle(session["id"], ok=step.number % 3 > 0)

    def refund_in_dashboard(self, step: Step) -> None:
        paid = [intent for intent in self.sandbox.payment_intents if intent["amount_received"]]
        if intent := _choose(paid, step.pick):
            self.sandbox.refund(intent["id"], amount=1 + step.number % 250 * 100)

    def change_refund_status(self, step: Step) -> None:
        open_refunds = [
            r for r in self.sandbox.refunds if r["status"] not in ("failed", "canceled")
        ]
        if refund := _choose(open_refunds, step.pick):
            status = REFUND_STATUSES[step.number % len(REFUND_STATUSES)]
            self.sandbox.set_refund_status(refund["id"], status)

    def open_dispute(self, step: Step) -> None:
        paid = [intent for intent in self.sandbox.payment_intents if intent["amount_received"]]
        if intent := _choose(paid, step.pick):
            self.sandbox.open_dispute(intent["id"], is_inquiry=step.number % 2 == 0)

    def move_dispute(self, step: Step) -> None:
        """Have the bank review the dispute, or turn an inquiry into a dispute."""
        undecided = [
            one for one in self.sandbox.disputes if one["status"].endswith(("response", "review"))
        ]
        if dispute := _choose(undecided, step.pick):
            status = ("under_review", "needs_response")[step.number % 2]
            self.sandbox.set_dispute_status(dispute["id"], status)

    def pay_twice(self, step: Step) -> None:
        """Pay for an order at a second session, which the shop does not know."""
        orders = (
            Order.objects.exclude(amount_paid=0).filter(session_params__isnull=False).order_by("pk")
        )
        if order := _choose(orders, step.pick):
            with transport(self.sandbox.http_client()), suppress(PaymentError):
                params = order.session_params
                session = create_session(params, idempotency_key=f"second-{order.reference}")
                if self.sandbox.pay(session.id).status == "paid":
                    self.shop.paid_twice.add(str(order.reference))

    def open_review(self, step: Step) -> None:
        paid = [intent for intent in self.sandbox.payment_intents if intent["amount_received"]]
        if intent := _choose(paid, step.pick):
            self.sandbox.open_review(intent["id"])

    def close_review(self, step: Step) -> None:
        if review := _choose(self.sandbox.reviews, step.pick):
            self.sandbox.close_review(review["id"])

    def close_dispute(self, step: Step) -> None:
        if dispute := _choose(self.sandbox.disputes, step.pick):
            self.sandbox.close_dispute(dispute["id"], won=step.number % 2 == 0)

    def expire_session(self, step: Step) -> None:
        if session := _choose(self.sandbox.sessions, step.pick):
            self.sandbox.expire(session["id"])

    def resend_webhook(self, step: Step) -> None:
        if session := _choose(self.sandbox.sessions, step.pick):
            self.sandbox.resend(session["id"])

    def change_price(self, step: Step) -> None:
        price = 100 + step.number % 5 * 50
        Product.objects.filter(pk=self.products[step.pick % 2].pk).update(price=price)

    def change_stock(self, step: Step) -> None:
        pk, more = self.products[step.pick % 3].pk, step.number % 9 - 3
        product = Product.objects.filter(pk=pk, stock__gte=-more)
        if product.update(stock=F("stock") + more):
            self.shop.stock[pk] += more

    def change_is_active(self, step: Step) -> None:
        on_sale = step.number % 4 > 0
        Product.objects.filter(pk=self._product(step).pk).update(is_active=on_sale)

    def add_stripe_fault(self, step: Step) -> None:
        self.sandbox.faults.add(
            TARGETS[step.pick % len(TARGETS)],
            kind=API_FAULTS[step.number % len(API_FAULTS)],
            times=1 + step.number % 5,
            skip=step.pick % 3,
        )

    def add_webhook_fault(self, step: Step) -> None:
        kind = WEBHOOK_FAULTS[step.number % len(WEBHOOK_FAULTS)]
        self.sandbox.faults.add("WEBHOOK *", kind=kind, times=1 + step.pick % 3, seconds=5)

    def clear_faults(self, step: Step) -> None:
        self.sandbox.faults.clear()

    def kill_at_next_webhook(self, step: Step) -> None:
        """Kill the worker that receives the next webhook."""
        self.webhook_kill_point = step.number % 30

    def hold_webhooks(self, step: Step) -> None:
        self.holds_webhooks = step.number % 2 == 0

    def skew_clock(self, step: Step) -> None:
        self.sandbox.clock.reset()
        self.sandbox.clock.advance(seconds=step.number % 241 - 120)

    def advance_time(self, step: Step) -> None:
        age_rows_and_sandbox(self.sandbox, timedelta(minutes=1 + step.number % 50))

    # --- running an action ------------------------------------------------------------------------

    def deliver(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Deliver a webhook, in a worker that is killed if a kill is due."""
        if self.webhook_kill_point is None:
            outcome = actions.deliver_webhook(body, headers)
            connection.close_if_unusable_or_obsolete()
            return outcome.status
        at, self.webhook_kill_point = self.webhook_kill_point, None
        outcome = self._run_and_kill((actions.deliver_webhook, (body, headers)), at)
        if outcome is None:
            raise ConnectionResetError("The worker died.")
        return outcome.status

    def _run(self, action: Action, step: Step) -> Any:
        if step.fault == "kill":
            return self._run_and_kill(action, step.at)
        self.is_disconnected = False
        try:
            with self._interrupted(step):
                return action[0](*action[1])
        except DatabaseError:
            if not self.is_disconnected:
                raise
            return None
        finally:
            if self.is_disconnected:
                connection.close()

    def _run_and_kill(self, action: Action, at: int) -> Any:
        result = self.workers.run(kill_at_with_short_timeouts, action, self.shoppers[0].user.pk, at)
        return None if result.signal else result.result

    @contextmanager
    def _interrupted(self, step: Step) -> Iterator[None]:
        """Disconnect the database at a tracepoint, or run the concurrent step at a request."""
        passed = requests = 0

        def on_point(name: str) -> None:
            nonlocal passed, requests
            if passed == step.at and step.fault == "disconnect" and not self.is_disconnected:
                self.is_disconnected = True
                close_connection_at_server()
            passed += 1
            if "/v1/" not in name or step.concurrent is None:
                return
            requests += 1
            if requests - 1 == step.at % 6:
                self.perform(step.concurrent)

        if step.fault != "disconnect" and step.concurrent is None:
            yield
            return
        with traced(on_point):
            yield

    def _check_outcome(self, step: Step, outcome: Any) -> None:
        if not isinstance(outcome, Outcome):
            return
        if self.shop.record_payment_url(outcome.url):
            self.payment_urls.append(outcome.url)
        is_page = step.name not in ("sync",)
        if is_page and outcome.status >= 500 and not self.is_disconnected:
            self.violations.append(f"{step.name} was answered {outcome.status}.")

    def _user(self, step: Step) -> int:
        return int(self.shoppers[step.shopper].user.pk)

    def _product(self, step: Step) -> Product:
        return self.products[step.pick % len(self.products)]

    def _own_order(self, step: Step) -> Order | None:
        return _choose(Order.objects.filter(user=self._user(step)).order_by("pk"), step.pick)


def _is_unsettled(session: dict[str, Any]) -> bool:
    return session["status"] == "complete" and session["payment_status"] == "unpaid"


def _choose(things: Sequence[T] | Any, pick: int) -> T | None:
    some = list(things)
    return some[pick % len(some)] if some else None


ACTIONS: dict[str, Callable[[Simulation, Step], Action | None]] = {
    name: getattr(Simulation, name)
    for name in (
        "add",
        "set_quantity",
        "check_out",
        "check_out_with_old_page",
        "return_from_stripe",
        "open_order_page",
        "pay_from_order_page",
        "cancel_own_order",
        "order_again",
        "cancel",
        "cancel_any",
        "refund",
        "refund_items",
        "refund_again",
        "settle_issue",
        "fulfill",
        "sync",
    )
}
EXTERNAL_EVENTS: dict[str, Callable[[Simulation, Step], None]] = {
    name: getattr(Simulation, name)
    for name in (
        "open_foreign_order",
        "open_cart",
        "pay",
        "pay_any_session",
        "pay_by_bank_debit",
        "settle_bank_debit",
        "refund_in_dashboard",
        "change_refund_status",
        "open_dispute",
        "move_dispute",
        "close_dispute",
        "pay_twice",
        "open_review",
        "close_review",
        "expire_session",
        "resend_webhook",
        "change_price",
        "change_stock",
        "change_is_active",
        "add_stripe_fault",
        "add_webhook_fault",
        "clear_faults",
        "kill_at_next_webhook",
        "hold_webhooks",
        "skew_clock",
        "advance_time",
    )
}
