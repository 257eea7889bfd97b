"""Issues: one open row for each reason and subject, and one e-mail to the managers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.attention import settle_issue
from django_stripe_cart.emails import send_pending_emails
from django_stripe_cart.emails.rendering import render
from django_stripe_cart.models import Order, OrderEmail, OrderIssue
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_issue_opened
from tests.support.emails import committed, failing_mail_server
from tests.support.orders import issues, refreshed

pytestmark = pytest.mark.database

WORKERS = 6


def pay_another_amount(sandbox: Sandbox, order: Order) -> Order:
    """Have ``order`` held because its payment is not what it costs."""
    Order.objects.filter(pk=order.pk).update(total=1)
    sandbox.pay(order.session_url)
    return refreshed(order)


# --- one open row ---------------------------------------------------------------------------------


def at_once(work: Callable[[], Any]) -> list[Any]:
    """Do ``work`` in several threads at the same moment, each with a connection of its own."""
    start = Barrier(WORKERS)

    def run(_number: int) -> Any:
        start.wait(timeout=60)
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as threads:
        return list(threads.map(run, range(WORKERS)))


@pytest.mark.django_db(transaction=True)
def test_a_second_payment_that_arrives_many_times_at_once_is_one_issue(
    paid: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    sandbox.hold_deliveries = True
    second = gateway.create_session(paid.session_params or {}, idempotency_key="second")
    sandbox.pay(second.id)
    session = gateway.retrieve_session(second.id)
    signals_sent.clear()

    at_once(lambda: sync_order(paid, session=session))

    issue = paid.issues.get()
    assert (issue.reason, issue.about) == ("unknown_money", second.id)
    assert paid.events.filter(kind="issue_opened").count() == 1
    assert signals_sent == ["order_issue_opened"]


@pytest.mark.django_db(transaction=True)
def test_staff_who_settle_an_issue_at_once_settle_it_once(
    pending: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    issue = pay_another_amount(sandbox, pending).issues.get()
    signals_sent.clear()

    settled = at_once(lambda: settle_issue(issue))

    assert {one.order.status for one in settled} == {"paid"}
    assert signals_sent == ["order_paid"]
    assert pending.events.filter(kind="issue_settled").count() == 1


def test_the_database_refuses_a_second_open_row(pending: Order) -> None:
    pending.issues.create(reason="disputed", about="dp_1")

    with pytest.raises(IntegrityError), transaction.atomic():
        pending.issues.create(reason="disputed", about="dp_1")

    pending.issues.create(reason="disputed", about="dp_2")
    pending.issues.create(reason="refund_failed", about="dp_1")
    assert issues(pending) == ["disputed", "disputed", "refund_failed"]


def test_the_same_issue_can_be_settled_and_opened_any_number_of_times(pending: Order) -> None:
    for _time in range(3):
        settle_issue(pending.issues.create(reason="disputed", about="dp_1"))

    pending.issues.create(reason="disputed", about="dp_1")

    assert (pending.issues.count(), issues(pending)) == (4, ["disputed"])


@pytest.mark.parametrize(("is_open", "is_settled"), [(True, True), (None, False)])
def test_an_issue_is_either_open_or_settled(
    pending: Order, is_open: bool | None, is_settled: bool
) -> None:
    settled = timezone.now() if is_settled else None

    with pytest.raises(IntegrityError), transaction.atomic():
        pending.issues.create(reason="disputed", is_open=is_open, settled=settled)


def test_a_receiver_gets_the_issue_with_its_order(pending: Order, sandbox: Sandbox) -> None:
    heard: list[tuple[str, str]] = []

    def hear(order: Order, issue: OrderIssue, **kwargs: object) -> None:
        heard.append((order.status, issue.reason))

    order_issue_opened.connect(hear)
    try:
        pay_another_amount(sandbox, pending)
    finally:
        order_issue_opened.disconnect(hear)

    assert heard == [("processing", "amount_mismatch")]


# --- the e-mail to the managers -------------------------------------------------------------------


def held_with_emails(sandbox: Sandbox, order: Order) -> Order:
    with committed(execute=True):
        return pay_another_amount(sandbox, order)


@pytest.mark.parametrize(
    "managers",
    [
        ["ada@example.com", "bob@example.com"],
        [("Ada", "ada@example.com"), ("Bob", "bob@example.com")],
    ],
    ids=["addresses", "pairs"],
)
@pytest.mark.filterwarnings("ignore:.*MANAGERS")
def test_the_managers_get_one_e_mail_about_each_issue(
    pending: Order, sandbox: Sandbox, settings: Any, managers: list[Any]
) -> None:
    settings.MANAGERS = managers
    settings.STRIPE_CART_BASE_URL = "https://shop.example"

    order = held_with_emails(sandbox, pending)

    (message,) = mail.outbox
    assert message.to == ["ada@example.com", "bob@example.com"]
    assert message.subject == f"Order {order.number}: The amount paid differs from the total"
    assert f"https://shop.example/admin/stripe_cart/order/{order.pk}/change/" in message.body
    email = order.emails.get()
    assert (email.kind, email.issue) == ("issue", order.issues.get())
    assert email.sent_at is not None


def test_an_issue_is_mailed_once_whatever_is_synced_later(
    pending: Order, sandbox: Sandbox, settings: Any
) -> None:
    settings.MANAGERS = ["ada@example.com"]
    order = held_with_emails(sandbox, pending)

    with committed(execute=True):
        sandbox.deliver()
        sync_order(order)
    list(send_pending_emails())

    assert len(mail.outbox) == 1


def test_each_issue_of_an_order_is_mailed(paid: Order, sandbox: Sandbox, settings: Any) -> None:
    settings.MANAGERS = ["ada@example.com"]

    for _time in range(2):
        with committed(execute=True):
            sandbox.open_dispute(paid.payment_intent_id or "")

    assert issues(paid) == ["disputed", "disputed"]
    assert len(mail.outbox) == 2


def test_an_issue_that_is_opened_again_is_mailed_again(
    paid: Order, sandbox: Sandbox, settings: Any
) -> None:
    settings.MANAGERS = ["ada@example.com"]
    with committed(execute=True):
        dispute = sandbox.open_dispute(paid.payment_intent_id or "")
    settle_issue(paid.issues.get())

    with committed(execute=True):
        sandbox.close_dispute(dispute["id"], won=False)

    assert len(mail.outbox) == 2


def test_without_managers_no_e_mail_is_queued(
    pending: Order, sandbox: Sandbox, settings: Any
) -> None:
    settings.MANAGERS = []

    order = held_with_emails(sandbox, pending)

    assert issues(order) == ["amount_mismatch"]
    assert (mail.outbox, order.emails.count()) == ([], 0)


def test_the_managers_get_their_e_mail_in_a_shop_that_sends_none_to_shoppers(
    pending: Order, sandbox: Sandbox, settings: Any
) -> None:
    settings.MANAGERS = ["ada@example.com"]
    settings.STRIPE_CART_EMAILS = False

    held_with_emails(sandbox, pending)

    assert [message.to for message in mail.outbox] == [["ada@example.com"]]


def test_an_issue_that_was_settled_before_its_e_mail_is_not_mailed(
    pending: Order, sandbox: Sandbox, settings: Any
) -> None:
    settings.MANAGERS = ["ada@example.com"]
    settings.STRIPE_CART_EMAILS = False  # the e-mail to the shopper is not of interest here

    with committed(execute=True):
        settle_issue(pay_another_amount(sandbox, pending).issues.get())

    assert (issues(pending), mail.outbox) == ([], [])
    assert pending.emails.get().sent_at is None


def test_an_e_mail_that_was_refused_is_not_tried_again_once_its_issue_is_settled(
    pending: Order, sandbox: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MANAGERS = ["ada@example.com"]
    settings.STRIPE_CART_EMAILS = False
    with failing_mail_server(monkeypatch) as tried:
        order = held_with_emails(sandbox, pending)
    assert len(tried) == 1
    settle_issue(order.issues.get())
    OrderEmail.objects.update(due_at=timezone.now())

    list(send_pending_emails())

    assert mail.outbox == []


def test_an_e_mail_to_the_managers_names_no_shopper(
    pending: Order, sandbox: Sandbox, settings: Any
) -> None:
    settings.MANAGERS = ["ada@example.com"]

    order = held_with_emails(sandbox, pending)

    (message,) = mail.outbox
    assert order.email
    assert order.email not in str(message.message())


def test_a_host_without_admin_gets_the_mail_without_a_link(
    paid: Order, settings: Any, mailoutbox: list[Any]
) -> None:
    settings.MANAGERS = ["ada@example.com"]
    settings.ROOT_URLCONF = "tests.support.urls_without_admin"
    issue = paid.issues.create(reason="disputed")

    message = render(OrderEmail.for_order(paid, "issue", issue=issue))

    assert "The payment is disputed" in message.body
    assert "http" not in message.body
