"""The prover passes correct receivers, and reports the shortest failing scenario of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.core.mail import send_mail
from django.db import transaction

from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Order, OrderEvent, Product
from django_stripe_cart.signals import order_paid, order_refunded
from django_stripe_cart.testing.factories import make_product
from django_stripe_cart.testing.prover import Report, prove
from django_stripe_cart.testing.scenarios import SCENARIOS, Scenario

pytestmark = pytest.mark.django_db

Listen = Callable[..., None]
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Connect receivers of a host, for one test."""
    connected = []

    def connect(receiver: Callable[..., Any], signal: Any = order_paid) -> None:
        signal.connect(receiver)
        connected.append((signal, receiver))

    yield connect
    for signal, receiver in connected:
        signal.disconnect(receiver)


def send_receipt(subject: str = "Receipt") -> None:
    send_mail(subject, "Thank you.", "shop@example.com", ["shopper@example.com"])


def first_failure(report: Report) -> str:
    with pytest.raises(AssertionError) as caught:
        report.assert_holds()
    return str(caught.value)


@pytest.mark.long
def test_correct_receivers_pass_every_scenario(listen: Listen) -> None:
    def pack(order: Order, **kwargs: Any) -> None:
        OrderEvent.objects.create(order=order, kind="packed", source="system")
        transaction.on_commit(send_receipt)

    def hand_over(order: Order, **kwargs: Any) -> None:
        fulfill_order(order)

    def check_receivers() -> None:
        packed = OrderEvent.objects.filter(kind="packed").count()
        assert packed == Order.objects.filter(paid_at__isnull=False).count()

    listen(pack)
    listen(hand_over)

    report = prove(check_receivers)

    report.assert_holds()
    assert report.trials > 150
    assert not Order.objects.exists()


def test_an_email_sent_before_the_commit_is_caught(listen: Listen, settings: Any) -> None:
    def mail_at_once(order: Order, **kwargs: Any) -> None:
        send_receipt()

    settings.STRIPE_CART_EMAILS = False
    listen(mail_at_once)

    assert first_failure(prove(scenarios=[BY_NAME["card"]])).splitlines() == [
        "The shortest failing scenario:",
        "card:",
        "  1. checkout.session.completed arrives;"
        " the process is killed after the receivers, before the commit",
        "  2. checkout.session.completed arrives",
        "  => The e-mails were 2 x “Receipt” to shopper@example.com;"
        " expected 1 x “Receipt” to shopper@example.com.",
    ]


def test_a_receiver_that_raises_for_one_product_is_caught(listen: Listen) -> None:
    def print_label(order: Order, **kwargs: Any) -> None:
        if order.items.filter(name="Gift card").exists():
            raise ValueError("A gift card has no weight.")

    listen(print_label)
    prove(scenarios=[BY_NAME["refund"]]).assert_holds()

    scenarios = [BY_NAME["expired"], BY_NAME["card"], BY_NAME["refund"]]
    report = prove(scenarios=scenarios, items=lambda: {make_product("Gift card"): 1})

    assert first_failure(report).splitlines()[1:] == [
        "card:",
        "  1. checkout.session.completed arrives",
        "  => tests.testing.test_prover.test_a_receiver_that_raises_for_one_product_is_caught"
        ".<locals>.print_label raised ValueError('A gift card has no weight.') for order_paid.",
        "  => checkout.session.completed was answered 500.",
    ]
    assert "expired" not in [failure.scenario for failure in report.failures]


@pytest.mark.parametrize("is_later", [False, True])
def test_a_receiver_that_saves_the_order_is_caught(listen: Listen, is_later: bool) -> None:
    def remember(order: Order, **kwargs: Any) -> None:
        order.email = "other@example.com"
        if is_later:
            transaction.on_commit(order.save)
        else:
            order.save()

    listen(remember)

    failure = first_failure(prove(scenarios=[BY_NAME["card"]]))

    assert "saved the order that it received" in failure
    assert len(failure.splitlines()) == 4


def test_a_receiver_that_fails_in_one_order_of_webhooks_is_caught(listen: Listen) -> None:
    """It expects order_paid before order_refunded, in another process's memory."""
    paid: set[int] = set()

    def note_payment(order: Order, **kwargs: Any) -> None:
        transaction.on_commit(partial(paid.add, order.pk))

    def book_refund(order: Order, **kwargs: Any) -> None:
        assert order.pk in paid, "There is a refund of nothing."

    listen(note_payment)
    listen(book_refund, order_refunded)

    failure = first_failure(prove(scenarios=[BY_NAME["refund"]], reset=paid.clear))

    lines = failure.splitlines()
    assert lines[2].split(" ")[3] in ("charge.refunded", "refund.created")
    assert "There is a refund of nothing." in failure


def test_a_callback_that_raises_after_the_commit_is_caught(listen: Listen) -> None:
    def call_warehouse(order: Order, **kwargs: Any) -> None:
        transaction.on_commit(lambda: 1 / 0)

    listen(call_warehouse)

    assert "on_commit callback raised ZeroDivisionError" in first_failure(
        prove(scenarios=[BY_NAME["card"]])
    )


def test_a_failed_check_of_the_host_is_reported() -> None:
    def check_receivers() -> None:
        raise AssertionError("No parcel.")

    report = prove(check_receivers, scenarios=[BY_NAME["expired"], BY_NAME["card"]])

    assert [failure.scenario for failure in report.failures] == ["expired", "card"]
    assert "check_receivers failed: No parcel." in first_failure(report)


def test_the_signals_are_restored() -> None:
    prove(scenarios=[Scenario("nothing", ())]).assert_holds()

    assert "send" not in vars(order_paid)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_in_the_database_outside_a_transaction() -> None:
    report = prove(scenarios=[BY_NAME["refund"]])

    report.assert_holds()
    assert not Order.objects.exists()
    assert not Product.objects.exists()
