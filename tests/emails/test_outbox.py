"""The outbox: an e-mail is sent once, after the commit, to the address of the order."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from django_stripe_cart.deadlines import deadline
from django_stripe_cart.emails import queue_email, send_pending_emails
from django_stripe_cart.emails.outbox import deliver
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Order, OrderEmail, Refund
from django_stripe_cart.payments import sync_order
from django_stripe_cart.privacy import anonymize_person
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_paid
from django_stripe_cart.testing.browser import Browser
from tests.support.emails import committed, subjects
from tests.support.orders import refreshed

pytestmark = pytest.mark.database


@pytest.fixture
def confirmed(pending: Order, sandbox: Sandbox) -> Order:
    """A paid order with its confirmation e-mail sent."""
    with committed(execute=True):
        sandbox.pay(pending.session_url, email="payer@example.com")
    return refreshed(pending)


def test_a_paid_order_is_confirmed_to_the_payers_address(confirmed: Order) -> None:
    (message,) = mail.outbox

    assert message.to == [confirmed.email]
    assert message.subject == f"Your order {confirmed.number} is paid"
    assert confirmed.events.filter(kind="email_sent", message="paid", source="system").count() == 1
    assert confirmed.emails.get().sent_at is not None


def test_nothing_is_sent_before_the_commit(pending: Order, sandbox: Sandbox) -> None:
    with committed() as waiting:
        sandbox.pay(pending.session_url)

    assert waiting
    assert mail.outbox == []
    assert pending.emails.get().claimed_at is None


@pytest.mark.django_db(transaction=True)
def test_a_payment_rolled_back_by_a_receiver_sends_no_e_mail(
    pending: Order, sandbox: Sandbox
) -> None:
    def fail(**kwargs: Any) -> None:
        raise RuntimeError("The warehouse is on fire.")

    sandbox.hold_deliveries = True
    sandbox.pay(pending.session_url)
    order_paid.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            sync_order(pending)
    finally:
        order_paid.disconnect(fail)

    assert mail.outbox == []
    assert not OrderEmail.objects.exists()

    sync_order(pending)
    assert len(mail.outbox) == 1


def test_repeated_webhooks_and_syncs_send_one_e_mail(confirmed: Order, sandbox: Sandbox) -> None:
    with committed(execute=True):
        for _time in range(3):
            assert sandbox.resend(confirmed.session_id)
        sync_order(confirmed)
        queue_email(confirmed, "paid")
    list(send_pending_emails())

    assert len(mail.outbox) == 1


def test_a_second_delivery_of_the_same_e_mail_sends_nothing(
    pending: Order, sandbox: Sandbox
) -> None:
    with committed():
        sandbox.pay(pending.session_url)
    email = pending.emails.get()

    assert (deliver(email), deliver(email)) == (True, None)
    assert len(mail.outbox) == 1


def test_a_fulfilled_order_sends_an_e_mail(confirmed: Order) -> None:
    with committed(execute=True):
        fulfill_order(confirmed)
        fulfill_order(confirmed)

    assert subjects()[1:] == [f"Your order {confirmed.number} is complete"]


def test_each_refund_sends_one_e_mail(confirmed: Order) -> None:
    with committed(execute=True):
        refund_order(confirmed, 100)
        refund_order(confirmed, 250)
        sync_order(confirmed)

    assert subjects()[1:] == [f"A refund for your order {confirmed.number}"] * 2
    assert "Your refund of ₹1.00" in mail.outbox[1].body
    assert "Your refund of ₹2.50" in mail.outbox[2].body


def test_a_failed_bank_debit_sends_an_e_mail(pending: Order, sandbox: Sandbox) -> None:
    with committed(execute=True):
        sandbox.pay_by_bank_debit(pending.session_url)
        assert subjects() == []
        sandbox.settle(pending.session_id, ok=False)

    order = Order.objects.get(pk=pending.pk)
    assert order.status == "failed"
    assert subjects() == [f"The payment for your order {order.number} failed"]


def test_an_expired_order_sends_no_e_mail(pending: Order, sandbox: Sandbox) -> None:
    with committed(execute=True):
        sandbox.expire(pending.session_id)

    assert Order.objects.get(pk=pending.pk).status == "expired"
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("setting", "kinds"),
    [
        (True, ["paid", "fulfilled"]),
        (False, []),
        (None, []),
        ([], []),
        (("fulfilled", "thanks"), ["fulfilled"]),
    ],
)
def test_a_setting_says_which(
    pending: Order, sandbox: Sandbox, setting: Any, kinds: list[str]
) -> None:
    with override_settings(STRIPE_CART_EMAILS=setting), committed(execute=True):
        sandbox.pay(pending.session_url)
        fulfill_order(pending)

    assert [email.kind for email in OrderEmail.objects.all()] == kinds
    assert len(mail.outbox) == len(kinds)


def test_what_was_promised_is_not_sent_once_it_is_turned_off(
    pending: Order, sandbox: Sandbox
) -> None:
    with committed():
        sandbox.pay(pending.session_url)
    OrderEmail.objects.update(due_at=timezone.now())

    with override_settings(STRIPE_CART_EMAILS=["fulfilled"]):
        assert list(send_pending_emails()) == []
    assert mail.outbox == []

    assert [was_sent for _email, was_sent in send_pending_emails()] == [True]


def test_a_refund_that_failed_before_its_e_mail_sends_none(
    confirmed: Order, sandbox: Sandbox
) -> None:
    with committed():
        refund_order(confirmed, 100)
    Refund.objects.update(status=Refund.Status.FAILED)
    OrderEmail.objects.update(due_at=timezone.now())

    assert list(send_pending_emails()) == []
    assert len(mail.outbox) == 1
    assert not OrderEmail.objects.overdue().exists()


def test_an_order_without_an_address_sends_no_e_mail(confirmed: Order) -> None:
    Order.objects.filter(pk=confirmed.pk).update(email="")
    with committed(execute=True):
        fulfill_order(confirmed)

    assert len(mail.outbox) == 1


def test_an_anonymized_person_gets_no_pending_e_mail(
    pending: Order, sandbox: Sandbox, browser: Browser
) -> None:
    with committed():
        sandbox.pay(pending.session_url)
    anonymize_person(browser.user)

    assert deliver(pending.emails.get()) is None
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_fulfilling_in_a_hosts_transaction_sends_the_e_mail_on_commit(
    confirmed: Order,
) -> None:
    mail.outbox.clear()
    with transaction.atomic():
        fulfill_order(confirmed)
        assert mail.outbox == []

    assert len(mail.outbox) == 1


def test_a_deadline_leaves_the_rest_for_the_next_call(pending: Order) -> None:
    OrderEmail.objects.create(order=pending, kind="paid", due_at=timezone.now())

    with deadline(0):
        assert list(send_pending_emails()) == []

    assert OrderEmail.objects.get().claimed_at is None
