"""Scenarios for the prover: actions of shoppers, banks and merchants, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from django_stripe_cart.cart import add_item
from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.models import Cart, CartItem, Order
from django_stripe_cart.payments import sync_order
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.testing import factories
from django_stripe_cart.webhooks.processing import EVENT_TYPES

DECLINED = "4000000000000002"
ASKS_3DS = "4000002500003155"


class ScenarioRun:
    """One execution of a scenario, for a shopper with a cart."""

    def __init__(self, sandbox: Sandbox, cart: Cart) -> None:
        self.sandbox, self.cart = sandbox, cart
        self.payment_urls: list[str] = []

    @property
    def payment_url(self) -> str:
        """Return the URL of the latest payment page."""
        return self.payment_urls[-1]

    @property
    def events(self) -> list[Object]:
        """Return the sandbox's events of the types that the webhook subscribes to."""
        return [event for event in self.sandbox.events if event["type"] in EVENT_TYPES]

    @property
    def orders(self) -> list[Order]:
        """Return the orders of the cart, oldest first."""
        return list(Order.objects.filter(cart=self.cart).order_by("pk"))

    def execute(self, steps: Iterable[Step]) -> None:
        """Run the steps in order."""
        for step in steps:
            step(self)


Step = Callable[[ScenarioRun], object]


@dataclass(frozen=True)
class Scenario:
    """A named sequence of steps."""

    name: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return self.name


def check_out(run: ScenarioRun) -> None:
    """Check out the cart, and remember the URL of the payment page."""
    run.payment_urls.append(factories.check_out(run.cart).session_url)


def add_one_more(run: ScenarioRun) -> None:
    """Add one more piece of the cart's first product."""
    item = CartItem.objects.filter(cart=run.cart).select_related("product").earliest("pk")
    add_item(run.cart, item.product)


def pay(run: ScenarioRun) -> None:
    """Pay on the latest payment page."""
    run.sandbox.pay(run.payment_url)


def pay_first_session(run: ScenarioRun) -> None:
    """Pay on the first payment page."""
    run.sandbox.pay(run.payment_urls[0])


def pay_with_declined_card(run: ScenarioRun) -> None:
    """Pay with a card that is declined."""
    run.sandbox.pay(run.payment_url, card=DECLINED)


def start_3ds(run: ScenarioRun) -> None:
    """Pay with a card that asks for 3D Secure, and do not complete 3D Secure yet."""
    run.sandbox.pay(run.payment_url, card=ASKS_3DS)


def confirm_3ds(run: ScenarioRun) -> None:
    """Complete 3D Secure for the latest payment."""
    run.sandbox.confirm_3ds(run.payment_url)


def pay_by_bank_debit(run: ScenarioRun) -> None:
    """Pay by a bank debit, which is pending at first."""
    run.sandbox.pay_by_bank_debit(run.payment_url)


def settle_debit(run: ScenarioRun) -> None:
    """Let the bank debit succeed."""
    run.sandbox.settle(run.payment_url)


def fail_debit(run: ScenarioRun) -> None:
    """Let the bank debit fail."""
    run.sandbox.settle(run.payment_url, ok=False)


def expire(run: ScenarioRun) -> None:
    """Expire the latest Checkout Session."""
    run.sandbox.expire(run.payment_url)


def refund(run: ScenarioRun) -> None:
    """Refund the payment in Stripe's Dashboard, not in the shop."""
    run.sandbox.refund(run.payment_url)


def refund_in_vain(run: ScenarioRun) -> None:
    """Refund in the shop, and lose the request before it reaches Stripe."""
    order = sync_order(run.orders[-1])
    run.sandbox.faults.add("POST /v1/refunds", kind="reset_before", times=3)
    with suppress(PaymentError):
        refund_order(order, order.total // 2)
    run.sandbox.faults.clear()


def dispute(run: ScenarioRun) -> None:
    """Dispute the payment, as the shopper's bank does."""
    run.sandbox.open_dispute(run.payment_url)


def inquire(run: ScenarioRun) -> None:
    """Open an inquiry about the payment, as the shopper's bank does."""
    run.sandbox.open_dispute(run.payment_url, is_inquiry=True)


def lose_dispute(run: ScenarioRun) -> None:
    """Close the latest dispute: the merchant has lost it."""
    run.sandbox.close_dispute(run.sandbox.disputes[-1], won=False)


SCENARIOS = (
    Scenario("card", (check_out, pay)),
    Scenario("declined, then paid", (check_out, pay_with_declined_card, pay)),
    Scenario("3D Secure", (check_out, start_3ds, confirm_3ds)),
    Scenario("delayed, then paid", (check_out, pay_by_bank_debit, settle_debit)),
    Scenario("delayed, then failed", (check_out, pay_by_bank_debit, fail_debit)),
    Scenario("expired", (check_out, expire)),
    Scenario("refund", (check_out, pay, refund)),
    Scenario("refund that is lost", (check_out, pay, refund_in_vain, refund)),
    Scenario("dispute", (check_out, pay, dispute, lose_dispute)),
    Scenario("inquiry", (check_out, pay, inquire)),
    Scenario("two tabs", (check_out, add_one_more, check_out, pay_first_session, pay)),
)
