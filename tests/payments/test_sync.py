"""Every outcome of a payment, by webhook, return page or sync."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from django_stripe_cart.exceptions import PaymentError, PaymentMissing
from django_stripe_cart.gateway import create_session, retrieve_session
from django_stripe_cart.models import Order, Product
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_paid
from django_stripe_cart.testing.browser import Browser, messages_of
from tests.support.orders import close_only_here, issues

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]

DECLINES = {
    "4000000000000002": "declined",
    "4000000000009995": "insufficient funds",
    "4000000000000069": "expired",
    "4000000000000127": "security code",
}


def moves(order: Order) -> list[tuple[str, str]]:
    """The timeline's changes of state."""
    entries = order.events.exclude(to_status="").order_by("pk")
    return [(entry.from_status, entry.to_status) for entry in entries]


def stock_of(product: Product) -> int | None:
    return Product.objects.values_list("stock", flat=True).get(pk=product.pk)


# --- the webhooks -----------------------------------------------------------------------------


def test_without_a_webhook_the_return_page_finds_the_payment(
    browser: Browser, sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    sandbox.hold_deliveries = True
    payment = sandbox.pay(pending.session_url)

    answer = browser.client.get(payment.redirect_url.removeprefix("http://testserver"))

    assert answer.url == pending.get_absolute_url()
    assert messages_of(answer) == [f"Thank you! Order {pending.number} is paid."]
    assert browser.order.status == "paid"
    assert signals_sent == ["order_paid"]


def test_without_a_webhook_the_order_page_finds_the_payment(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    sandbox.hold_deliveries = True
    sandbox.pay(pending.session_url)

    page = browser.client.get(pending.get_absolute_url())

    assert "Paid" in page.content.decode()
    assert browser.order.status == "paid"


def test_webhook_return_page_and_order_page_mark_the_order_paid_once(
    browser: Browser, sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    signals_sent.clear()

    payment = sandbox.pay(pending.session_url)
    browser.follow(payment.redirect_url)
    browser.client.get(pending.get_absolute_url())
    sync_order(browser.order)

    assert signals_sent == ["order_paid"]
    assert moves(pending) == [("", "pending"), ("pending", "paid")]


def test_a_payment_writes_no_column_that_it_leaves_as_it_is(
    sandbox: Sandbox, pending: Order
) -> None:
    written: list[str] = []

    def listen(execute: Callable[..., object], sql: str, *args: object) -> object:
        if sql.startswith("UPDATE") and "amount_paid" in sql:
            written.append(sql)
        return execute(sql, *args)

    with connection.execute_wrapper(listen):
        sandbox.pay(pending.session_url)

    assert len(written) == 1
    assert "payment_intent_id" in written[0]
    assert "session_params" not in written[0]
    assert Order.objects.get().session_params == pending.session_params


def test_the_order_page_of_a_paid_order_does_not_ask_stripe(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    sandbox.pay(pending.session_url)
    before = len(sandbox.requests)

    browser.client.get(pending.get_absolute_url())

    assert len(sandbox.requests) == before


def test_a_receiver_that_raises_rolls_back_and_the_webhook_is_retried(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    def refuse(**kwargs: object) -> None:
        raise RuntimeError("The warehouse is down.")

    order_paid.connect(refuse)
    try:
        sandbox.pay(pending.session_url)
        failed = browser.order
        event = failed.webhook_events.first()
    finally:
        order_paid.disconnect(refuse)
    assert failed.status == "pending"
    assert event is None

    sandbox.clock.advance(hours=2)
    sandbox.deliver()

    assert browser.order.status == "paid"


# --- at Stripe --------------------------------------------------------------------------------


@pytest.mark.parametrize("card", DECLINES)
def test_a_declined_card_leaves_the_order_pending_and_can_be_tried_again(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product, card: str
) -> None:
    declined = sandbox.pay(pending.session_url, card=card)

    assert declined.status == "declined"
    assert DECLINES[card] in (declined.message or "").lower()
    assert browser.order.status == "pending"
    assert stock_of(mug) == 8

    assert sandbox.pay(pending.session_url).status == "paid"
    assert browser.order.status == "paid"


def test_3d_secure_pays_after_the_step(browser: Browser, sandbox: Sandbox, pending: Order) -> None:
    assert sandbox.pay(pending.session_url, card="4000002500003155").status == "action_required"
    assert browser.order.status == "pending"

    sandbox.confirm_3ds(pending.session_id)

    assert browser.order.status == "paid"


def test_a_bank_debit_is_processing_then_paid_and_keeps_its_stock(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product, signals_sent: list[str]
) -> None:
    signals_sent.clear()
    payment = sandbox.pay_by_bank_debit(pending.session_url)

    waiting = browser.order
    assert (waiting.status, waiting.open_cart, waiting.amount_paid) == ("processing", None, 0)
    assert (stock_of(mug), browser.user.stripe_cart.items.count()) == (8, 0)
    page = browser.follow(payment.redirect_url).content.decode()
    assert "is being processed" in page
    assert signals_sent == []

    sandbox.settle(pending.session_id)

    assert (browser.order.status, browser.order.amount_paid) == ("paid", 99800)
    assert signals_sent == ["order_paid"]
    assert moves(pending) == [("", "pending"), ("pending", "processing"), ("processing", "paid")]


def test_a_bank_debit_that_bounces_fails_and_gives_the_stock_back(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product
) -> None:
    sandbox.pay_by_bank_debit(pending.session_url)

    sandbox.settle(pending.session_id, ok=False)

    assert browser.order.status == "failed"
    assert stock_of(mug) == 10
    assert moves(pending)[-1] == ("processing", "failed")


def test_a_bank_debit_of_which_we_heard_nothing_at_all_ends_as_failed(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product
) -> None:
    sandbox.hold_deliveries = True
    sandbox.pay_by_bank_debit(pending.session_url)
    sandbox.settle(pending.session_id, ok=False)

    sync_order(pending)

    assert browser.order.status == "failed"
    assert stock_of(mug) == 10


def test_a_session_that_expires_closes_the_order_and_gives_the_stock_back(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product
) -> None:
    sandbox.expire(pending.session_id)

    assert (browser.order.status, browser.order.open_cart) == ("expired", None)
    assert stock_of(mug) == 10
    assert browser.user.stripe_cart.items.get().quantity == 2


# --- late and wrong money ---------------------------------------------------------------------


def test_money_on_a_closed_order_marks_it_paid_if_stock_is_available(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product
) -> None:
    close_only_here(pending)
    pending.items.update(stock_taken=0)
    Product.objects.update(stock=10)

    sandbox.pay(pending.session_url)

    assert browser.order.status == "paid"
    assert stock_of(mug) == 8
    assert pending.items.get().stock_taken == 2


def test_money_on_a_closed_order_without_stock_waits_for_a_person(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product, signals_sent: list[str]
) -> None:
    close_only_here(pending)
    pending.items.update(stock_taken=0)
    Product.objects.update(stock=1)
    signals_sent.clear()

    sandbox.pay(pending.session_url)
    sync_order(browser.order)

    found = browser.order
    assert (found.status, found.held_for) == ("processing", "paid_without_stock")
    assert issues(found) == ["paid_without_stock"]
    assert (found.amount_paid, stock_of(mug)) == (99800, 1)
    assert found.payment_intent_id
    assert signals_sent == ["order_issue_opened"]


def test_another_amount_than_was_asked_is_never_called_paid(
    browser: Browser, sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    Order.objects.update(total=500)
    signals_sent.clear()

    sandbox.pay(pending.session_url)
    sync_order(browser.order)

    found = browser.order
    assert (found.status, found.held_for, found.amount_paid) == (
        "processing",
        "amount_mismatch",
        99800,
    )
    assert issues(found) == ["amount_mismatch"]
    assert signals_sent == ["order_issue_opened"]
    assert [event.kind for event in found.events.all()].count("issue_opened") == 1


def test_another_amount_on_a_closed_order_still_takes_the_stock_again(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product
) -> None:
    close_only_here(pending)
    pending.items.update(stock_taken=0)
    Product.objects.update(stock=10)
    Order.objects.update(total=500)

    sandbox.pay(pending.session_url)

    assert (browser.order.status, browser.order.held_for) == ("processing", "amount_mismatch")
    assert issues(browser.order) == ["amount_mismatch"]
    assert (stock_of(mug), pending.items.get().stock_taken) == (8, 2)


def test_a_second_session_paid_in_the_orders_name_is_for_a_person_to_see(
    browser: Browser, sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    second = create_session(
        pending.session_params | {"cancel_url": "https://example.com/"}, idempotency_key="second"
    )
    signals_sent.clear()

    sandbox.pay(second.id)
    sandbox.pay(pending.session_url)

    found = browser.order
    assert (found.status, found.held_for, issues(found)) == ("paid", "", ["unknown_money"])
    assert found.issues.get().about == second.id
    assert found.session_id == pending.session_id
    assert signals_sent == ["order_issue_opened", "order_paid"]


def test_a_payment_for_an_order_that_forgot_its_session_is_believed(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    forget_the_session(pending)

    sandbox.pay(pending.session_id)

    assert (browser.order.status, browser.order.session_id) == ("paid", pending.session_id)


def test_an_email_too_long_for_the_column_does_not_block_the_payment(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    Order.objects.update(email="")
    session = retrieve_session(pending.session_id)

    sync_order(
        pending,
        session=replace(
            session,
            status="complete",
            payment_status="paid",
            email="a" * 60 + "@" + ".".join(["b" * 60] * 4) + ".example",
        ),
    )

    assert (browser.order.status, browser.order.email) == ("paid", "")


def test_a_session_without_a_payment_status_is_not_paid(sandbox: Sandbox, pending: Order) -> None:
    session = retrieve_session(pending.session_id)

    assert not replace(session, status="complete", payment_status="").is_paid


# --- sessions that we never learned of ----------------------------------------------------------


def forget_the_session(order: Order) -> Order:
    """What a crash between Stripe's answer and our commit leaves behind."""
    Order.objects.filter(pk=order.pk).update(session_id=None, session_url="")
    return Order.objects.get(pk=order.pk)


def test_a_forgotten_session_is_learned_again_with_the_same_key(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    first = pending.session_id

    forgotten = sync_order(forget_the_session(pending))

    assert (forgotten.session_id, len(sandbox.sessions)) == (first, 1)


def test_a_forgotten_session_is_learned_again_at_the_next_checkout(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    url = pending.session_url
    forget_the_session(pending)

    assert browser.check_out().url == url
    assert len(sandbox.sessions) == 1


def test_a_forgotten_session_long_over_is_given_up_with_its_stock(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product
) -> None:
    forgotten = forget_the_session(pending)
    Order.objects.update(session_expires_at=timezone.now() - timedelta(hours=1))

    assert sync_order(Order.objects.get(pk=forgotten.pk)).status == "expired"

    assert stock_of(mug) == 10


def test_a_placed_order_that_never_asked_stripe_is_given_up_after_its_time(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product
) -> None:
    Order.objects.update(
        session_id=None,
        session_url="",
        session_params=None,
        session_expires_at=None,
        placed_at=timezone.now() - timedelta(hours=2),
    )
    asked = len(sandbox.requests)

    assert sync_order(Order.objects.get(pk=pending.pk)).status == "expired"

    assert (stock_of(mug), len(sandbox.requests)) == (10, asked)


def test_a_session_unknown_to_stripe_blocks_its_cart_until_it_expires(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product
) -> None:
    sandbox.reset()

    with pytest.raises(PaymentMissing):
        sync_order(pending)
    Order.objects.update(session_expires_at=timezone.now() - timedelta(hours=1))

    assert sync_order(Order.objects.get(pk=pending.pk)).status == "expired"
    assert stock_of(mug) == 10


def test_after_a_change_to_a_live_key_no_test_url_is_payable(
    browser: Browser, sandbox: Sandbox, pending: Order, settings: Any
) -> None:
    settings.STRIPE_CART_SECRET_KEY = "sk_live_key"

    assert not pending.is_payable
    assert (
        pending.session_url not in browser.client.get(pending.get_absolute_url()).content.decode()
    )


def test_an_address_that_stripe_does_not_know_is_not_handed_out_again(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    sandbox.reset()

    answer = browser.check_out()

    assert answer.url == "/"
    assert messages_of(answer)


def test_a_session_of_another_order_is_not_taken_for_ours(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product
) -> None:
    browser.client.post("/shop/cart/add/", {"product": mug.pk})
    browser.check_out()
    other = browser.order
    sandbox.hold_deliveries = True
    sandbox.pay(other.session_url)

    sync_order(pending, session=retrieve_session(other.session_id))

    order = Order.objects.get(pk=pending.pk)
    assert (order.status, order.amount_paid, issues(order)) == ("canceled", 0, [])


def test_an_order_page_is_shown_when_its_payment_can_not_be_retrieved(
    browser: Browser, sandbox: Sandbox, pending: Order, settings
) -> None:
    settings.STRIPE_CART_SECRET_KEY = "sk_live_refused_by_the_sandbox"

    with pytest.raises(PaymentError):
        sync_order(pending)

    assert browser.client.get(pending.get_absolute_url()).status_code == 200
