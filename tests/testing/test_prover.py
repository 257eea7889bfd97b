"""The prover lets a careful host pass, and tells a careless one its shortest failing story."""

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
from django_stripe_cart.testing.scenarios import STORIES, Story

pytestmark = [pytest.mark.django_db, pytest.mark.database]

Listen = Callable[..., None]
BY_NAME = {story.name: story for story in STORIES}


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


def shortest(report: Report) -> str:
    with pytest.raises(AssertionError) as caught:
        report.assert_holds()
    return str(caught.value)


def test_a_host_that_takes_care_passes_every_story(listen: Listen) -> None:
    def pack(order: Order, **kwargs: Any) -> None:
        OrderEvent.objects.create(order=order, kind="packed", source="system")
        transaction.on_commit(send_receipt)

    def hand_over(order: Order, **kwargs: Any) -> None:
        fulfill_order(order)

    def are_fine() -> None:
        packed = OrderEvent.objects.filter(kind="packed").count()
        assert packed == Order.objects.filter(paid_at__isnull=False).count()

    listen(pack)
    listen(hand_over)

    report = prove(are_fine)

    report.assert_holds()
    assert report.trials > 150
    assert not Order.objects.exists()


def test_an_email_that_did_not_wait_for_the_commit_is_caught(listen: Listen, settings: Any) -> None:
    def mail_at_once(order: Order, **kwargs: Any) -> None:
        send_receipt()

    settings.STRIPE_CART_EMAILS = False
    listen(mail_at_once)

    assert shortest(prove(stories=[BY_NAME["card"]])).splitlines() == [
        "The shortest story that goes wrong:",
        "card:",
        "  1. checkout.session.completed arrives;"
        " the process dies after the receivers, before the commit",
        "  2. checkout.session.completed arrives",
        "  => The e-mails were 2 x “Receipt” to shopper@example.com,"
        " and undisturbed 1 x “Receipt” to shopper@example.com.",
    ]


def test_a_receiver_that_raises_for_one_product_is_caught(listen: Listen) -> None:
    def print_label(order: Order, **kwargs: Any) -> None:
        if order.items.filter(name="Gift card").exists():
            raise ValueError("A gift card has no weight.")

    listen(print_label)
    prove(stories=[BY_NAME["refund"]]).assert_holds()

    stories = [BY_NAME["expired"], BY_NAME["card"], BY_NAME["refund"]]
    report = prove(stories=stories, items=lambda: {make_product("Gift card"): 1})

    assert shortest(report).splitlines()[1:] == [
        "card:",
        "  1. checkout.session.completed arrives",
        "  => tests.testing.test_prover.test_a_receiver_that_raises_for_one_product_is_caught"
        ".<locals>.print_label raised ValueError('A gift card has no weight.') at order_paid.",
        "  => checkout.session.completed was answered 500.",
    ]
    assert "expired" not in [failure.story for failure in report.failures]


@pytest.mark.parametrize("is_later", [False, True])
def test_a_receiver_that_saves_the_order_is_caught(listen: Listen, is_later: bool) -> None:
    def remember(order: Order, **kwargs: Any) -> None:
        order.email = "other@example.com"
        if is_later:
            transaction.on_commit(order.save)
        else:
            order.save()

    listen(remember)

    story = shortest(prove(stories=[BY_NAME["card"]]))

    assert "saved the order that it was given" in story
    assert len(story.splitlines()) == 4


def test_a_receiver_that_is_wrong_only_in_one_order_is_caught(listen: Listen) -> None:
    """It counts on hearing of the payment before it hears of the refund of it: it does not."""
    paid: set[int] = set()

    def note_payment(order: Order, **kwargs: Any) -> None:
        transaction.on_commit(partial(paid.add, order.pk))

    def book_refund(order: Order, **kwargs: Any) -> None:
        assert order.pk in paid, "There is a refund of nothing."

    listen(note_payment)
    listen(book_refund, order_refunded)

    story = shortest(prove(stories=[BY_NAME["refund"]], start_over=paid.clear))

    lines = story.splitlines()
    assert lines[2].split(" ")[3] in ("charge.refunded", "refund.created")
    assert "There is a refund of nothing." in story


def test_a_callback_that_raises_after_the_commit_is_caught(listen: Listen) -> None:
    def call_warehouse(order: Order, **kwargs: Any) -> None:
        transaction.on_commit(lambda: 1 / 0)

    listen(call_warehouse)

    assert "on_commit raised ZeroDivisionError" in shortest(prove(stories=[BY_NAME["card"]]))


def test_what_the_host_itself_finds_wrong_is_told() -> None:
    def are_fine() -> None:
        raise AssertionError("No parcel.")

    report = prove(are_fine, stories=[BY_NAME["expired"], BY_NAME["card"]])

    assert [failure.story for failure in report.failures] == ["expired", "card"]
    assert "The receivers are not fine: No parcel." in shortest(report)


def test_the_signals_are_themselves_again_afterwards() -> None:
    prove(stories=[Story("nothing", ())]).assert_holds()

    assert "send" not in vars(order_paid)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_behind_where_a_test_is_not_wrapped_in_a_transaction() -> None:
    report = prove(stories=[BY_NAME["refund"]])

    report.assert_holds()
    assert not Order.objects.exists()
    assert not Product.objects.exists()
