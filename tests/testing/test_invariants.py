"""The invariants hold in a correct shop, and each of them detects its violation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from django_stripe_cart.attention import settle_issue
from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.exceptions import PaymentRefused
from django_stripe_cart.gateway import create_session
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import (
    Dispute,
    Order,
    OrderEvent,
    OrderIssue,
    Product,
    Refund,
    WebhookEvent,
)
from django_stripe_cart.payments import sync_order
from django_stripe_cart.payments.refund_requests import send_refund
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_paid
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.invariants import settled_violations, violations
from django_stripe_cart.testing.refund_log import RefundLog
from django_stripe_cart.timeline import BY_SYNC

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("counted_payments")]

Check = Callable[..., list[str]]


@pytest.fixture
def check(sandbox: Sandbox, mug: Product) -> Check:
    """Return the violations, with ten mugs in stock at first."""
    return lambda **options: violations(sandbox, stock={mug.pk: 10}, **options)


@pytest.fixture
def settled(sandbox: Sandbox, mug: Product) -> Check:
    """Return the violations after everything has settled, with ten mugs in stock at first."""
    return lambda: settled_violations(sandbox, stock={mug.pk: 10}, payments_are_counted=True)


# --- a healthy shop -----------------------------------------------------------------------------


def test_an_empty_shop_has_nothing_to_answer_for(check: Check, settled: Check) -> None:
    assert [*check(), *settled()] == []


def test_nothing_is_wrong_from_the_cart_to_the_refund(
    browser: Browser, sandbox: Sandbox, mug: Product, check: Check, settled: Check
) -> None:
    browser.add(mug, 2)
    assert check() == []

    browser.check_out()
    url = browser.order.session_url
    assert check(handed_out=[url]) == []

    sandbox.pay(url)
    assert check(handed_out=[url]) == []
    refund_order(browser.order, 100)
    refund_order(browser.order, restock=True)

    assert check(handed_out=[url]) == []
    assert settled() == []


@pytest.mark.parametrize("ok", [True, False])
def test_nothing_is_wrong_with_a_bank_debit(
    sandbox: Sandbox, pending: Order, check: Check, settled: Check, ok: bool
) -> None:
    sandbox.pay_by_bank_debit(pending.session_url)
    assert [*check(), *settled()] == []

    sandbox.settle(pending.session_id, ok=ok)

    assert [*check(), *settled()] == []


def test_nothing_is_wrong_with_a_cancellation(pending: Order, check: Check, settled: Check) -> None:
    cancel_order(pending)

    assert [*check(handed_out=[pending.session_url]), *settled()] == []


def test_a_payment_without_an_order_is_settled_once_it_is_recorded(
    browser: Browser, sandbox: Sandbox, pending: Order, settled: Check
) -> None:
    other = create_session(
        pending.session_params | {"metadata": {}, "payment_intent_data": {}},
        idempotency_key="other",
    )
    sandbox.pay(pending.session_url)
    sandbox.pay(other.id)
    sentence = f"The payment {sandbox.payment_intents[1]['id']} of 99800 inr belongs to no order."
    assert sentence in settled()

    issue = OrderIssue.objects.create(order=pending, reason="unknown_money", about=other.id)
    assert settled() == []

    settle_issue(issue)
    assert settled() == []

    OrderIssue.objects.update(settled_by="")  # as if it was over, but it was not refunded
    assert sentence in settled()
    sandbox.refund(other.id)
    assert settled() == []


# --- a broken one -------------------------------------------------------------------------------


def broken(found: list[str], *words: str) -> bool:
    """Return whether one sentence contains all words."""
    return any(all(word in sentence for word in words) for sentence in found)


def copy_of(order: Order, **fields: object) -> Order:
    unique = {"pk": None, "session_id": None, "payment_intent_id": None, "open_cart_id": None}
    values = {field.attname: getattr(order, field.attname) for field in order._meta.fields}
    values |= {"reference": "8c0b6ac8-5d2c-4a0e-9b0b-2f6f3a9f0f11", **unique, **fields}
    values.pop("id")
    return Order.objects.create(**values)


def test_two_pending_orders_of_a_cart_are_noticed(pending: Order, check: Check) -> None:
    copy_of(pending)

    assert broken(check(), f"Cart {pending.cart_id} has 2 pending orders")


def test_a_pending_order_without_its_slot_is_noticed(pending: Order, check: Check) -> None:
    Order.objects.update(open_cart=None)

    assert broken(check(), str(pending.reference), "has open_cart None")


def test_stock_that_went_missing_is_noticed(pending: Order, mug: Product, check: Check) -> None:
    Product.objects.update(stock=7)

    assert check() == [f"Product {mug.pk} has a stock of 7 and orders hold 2, but there were 10."]


def test_a_pending_order_that_holds_nothing_is_noticed(pending: Order, check: Check) -> None:
    pending.items.update(stock_taken=0)
    Product.objects.update(stock=10)

    assert broken(check(), str(pending.reference), "holds 0 of product", "not 2")


def test_a_closed_order_that_holds_stock_is_noticed(
    browser: Browser, pending: Order, check: Check
) -> None:
    cancel_order(pending)
    pending.items.update(stock_taken=2)
    Product.objects.update(stock=8)

    assert broken(check(), "is closed, but holds stock")


def test_an_order_that_was_never_paid_at_stripe_is_noticed(pending: Order, check: Check) -> None:
    pending.mark_paid(at=timezone.now())
    pending.save()

    found = check()
    assert broken(found, "is paid, but its payment did not succeed")
    assert broken(found, "is paid with 0 of 99800")
    assert broken(found, "is 'paid', but its timeline ends with 'pending'")
    assert broken(found, "its session can still be paid")


def test_another_amount_than_stripe_received_is_noticed(paid: Order, check: Check) -> None:
    Order.objects.update(amount_paid=500)

    assert broken(check(), "has amount_paid 500 inr, but Stripe received 99800 inr")


def test_charging_a_shopper_twice_is_a_violation(
    sandbox: Sandbox, paid: Order, check: Check
) -> None:
    twice = create_session(paid.session_params | {"locale": "en"}, idempotency_key="twice")

    sandbox.pay(twice.id)

    assert broken(check(), str(paid.reference), "was charged 2 times")


def test_a_refund_that_is_not_in_the_sum_is_noticed(paid: Order, check: Check) -> None:
    refund_order(paid, 100)
    Order.objects.update(amount_refunded=0)

    assert broken(check(), "has amount_refunded 0, but its refunds add up to 100")


def test_more_refunds_than_money_are_noticed(paid: Order, check: Check) -> None:
    Refund.objects.create(order=paid, amount=99801)

    assert broken(check(), "was paid 99800, but refunded 99801")


def test_a_refund_that_stripe_does_not_have_is_noticed(paid: Order, check: Check) -> None:
    Refund.objects.create(order=paid, amount=1, stripe_id="re_invented", status="succeeded")

    assert broken(check(), "re_invented", "differs from Stripe's")


def test_a_refund_that_is_sent_without_being_asked_for_is_noticed(
    sandbox: Sandbox, paid: Order, check: Check
) -> None:
    log = RefundLog()
    with transport(log.watch(sandbox.http_client())):
        refund_order(paid, 100)
        assert check(unasked_refunds=log.unasked) == []

        refund = Refund.objects.create(order=paid, amount=5)
        send_refund(refund, by=BY_SYNC)
        sync_order(paid)

    assert broken(
        check(unasked_refunds=log.unasked), str(refund.key), "not by the call that asked for it"
    )


def test_a_refund_that_is_sent_by_the_request_for_another_one_is_noticed(
    sandbox: Sandbox, paid: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = Refund.objects.create(order=paid, amount=5, status="failed")
    log = RefundLog()
    monkeypatch.setattr(
        "django_stripe_cart.refunds.sync_order",
        lambda order, by: send_refund(refund, by=by) or sync_order(order, by=by),
    )

    with transport(log.watch(sandbox.http_client())):
        refund_order(paid, 100)

    assert log.unasked == [f"stripe-cart-refund-{refund.key}"]


# --- troubles that nobody is told of ------------------------------------------------------------


def test_an_open_dispute_without_an_issue_is_noticed(
    sandbox: Sandbox, paid: Order, check: Check
) -> None:
    sandbox.open_dispute(paid.payment_intent_id or "")
    assert check() == []
    settle_issue(paid.issues.get())
    assert check() == []

    OrderIssue.objects.update(settled_by="")

    assert broken(check(), str(paid.reference), "needs_response, but no issue about it")


def test_a_loss_after_the_dispute_was_settled_needs_another_issue(
    sandbox: Sandbox, paid: Order, check: Check
) -> None:
    dispute = sandbox.open_dispute(paid.payment_intent_id or "")
    settle_issue(paid.issues.get())
    sandbox.close_dispute(dispute["id"], won=False)
    assert check() == []

    OrderIssue.objects.filter(is_open=True).delete()

    assert broken(check(), "which is lost, but no issue about it")


def test_a_dispute_that_was_not_recorded_is_noticed(
    sandbox: Sandbox, paid: Order, settled: Check
) -> None:
    dispute = sandbox.open_dispute(paid.payment_intent_id or "")
    assert settled() == []

    Dispute.objects.update(status="under_review")

    assert settled() == [f"The dispute {dispute['id']} is needs_response, but here under_review."]


def test_a_failed_refund_without_an_issue_is_noticed(
    sandbox: Sandbox, paid: Order, check: Check
) -> None:
    refund_order(paid, 100)
    sandbox.set_refund_status(sandbox.refunds[0], "failed")
    assert check() == []

    OrderIssue.objects.all().delete()

    assert broken(check(), "has the failed refund re_", "but no issue about it")


def test_a_failed_refund_that_nothing_made_good_is_noticed(
    sandbox: Sandbox, paid: Order, check: Check
) -> None:
    refund_order(paid, 100)
    refund_order(paid, 200)
    sandbox.set_refund_status(sandbox.refunds[0], "failed")
    issue = paid.issues.get()

    OrderIssue.objects.update(is_open=None, settled=timezone.now())
    assert broken(check(), "which nothing made good")

    OrderIssue.objects.update(is_open=True, settled=None)
    refund_order(paid, 100)
    issue.refresh_from_db()
    assert (issue.is_open, check()) == (None, [])


def test_a_refused_refund_needs_no_issue(sandbox: Sandbox, paid: Order, check: Check) -> None:
    sandbox.faults.add("POST /v1/refunds", kind="bad_request")
    with pytest.raises(PaymentRefused):
        refund_order(paid, 100)
    assert check() == []

    OrderEvent.objects.filter(kind="refund_refused").delete()

    assert broken(check(), "has the failed refund", "but no issue about it")


def test_a_held_order_without_its_issue_is_noticed(
    sandbox: Sandbox, pending: Order, check: Check
) -> None:
    Order.objects.update(total=1)
    sandbox.pay(pending.session_url)
    assert check() == []

    OrderIssue.objects.update(is_open=None, settled=timezone.now(), settled_by="ada")

    assert broken(check(), "is held for amount_mismatch, but has no open issue")


def test_an_address_that_we_do_not_know_is_noticed(pending: Order, check: Check) -> None:
    assert broken(check(handed_out=["https://pay.test/c/1"]), "https://pay.test/c/1")


def test_a_hole_in_the_timeline_is_noticed(paid: Order, check: Check) -> None:
    paid.events.filter(kind="placed").delete()

    assert broken(check(), "was ''", "continues with")


def test_an_illegal_move_is_noticed(paid: Order, check: Check) -> None:
    OrderEvent.objects.create(order=paid, kind="odd", from_status="paid", to_status="pending")

    assert broken(check(), "transition that is not allowed, from 'paid' to 'pending'")


def test_an_e_mail_that_was_sent_twice_is_noticed(paid: Order, check: Check) -> None:
    for source in ("system", "staff", "staff"):
        OrderEvent.objects.create(order=paid, kind="email_sent", message="paid", source=source)
    assert check() == []

    OrderEvent.objects.create(order=paid, kind="email_sent", message="paid", source="system")

    assert broken(check(), "the e-mail 'paid' was sent 2 times")


def test_a_second_e_mail_for_one_refund_is_a_violation(paid: Order, check: Check) -> None:
    refund_order(paid, 100)
    for _time in range(2):
        OrderEvent.objects.create(
            order=paid, kind="email_sent", message="refunded", source="system"
        )

    assert broken(check(), "the e-mail 'refunded' was sent 2 times")


def test_what_still_waits_is_noticed(
    sandbox: Sandbox, pending: Order, check: Check, settled: Check
) -> None:
    WebhookEvent.objects.create(event_id="evt_1", type="refund.created", error="TypeError()")

    assert check() == []
    assert settled() == [
        f"Order {pending.reference} is still pending.",
        "Webhook refund.created evt_1 is unfinished: TypeError()",
    ]


def test_a_delayed_payment_of_which_we_heard_nothing_is_noticed(
    sandbox: Sandbox, pending: Order, settled: Check
) -> None:
    sandbox.pay_by_bank_debit(pending.session_url)
    sandbox.hold_deliveries = True
    sandbox.settle(pending.session_id)

    found = settled()

    assert broken(found, "is processing, but the bank has decided")
    assert broken(found, "belongs to no order")


def test_a_refund_of_which_we_heard_nothing_is_noticed(
    sandbox: Sandbox, paid: Order, check: Check, settled: Check
) -> None:
    sandbox.hold_deliveries = True
    sandbox.refund(paid.payment_intent_id, amount=700)

    assert check() == []
    assert broken(settled(), "has amount_refunded 0, but Stripe refunded 700")


def test_a_refund_without_an_outcome_is_noticed(paid: Order, settled: Check) -> None:
    Refund.objects.create(order=paid, amount=5, created=timezone.now() - timedelta(hours=1))

    assert broken(settled(), "has a refund of 5 with unknown outcome")


def test_a_signal_that_was_sent_twice_is_noticed(paid: Order, settled: Check) -> None:
    assert settled() == []

    order_paid.send(sender=Order, order=paid)

    assert broken(settled(), "is paid; order_paid was received 2 times")


@pytest.mark.django_db(transaction=True)
def test_the_books_are_read_in_one_moment_on_every_database(sandbox: Sandbox, mug: Product) -> None:
    assert violations(sandbox, stock={mug.pk: 10}) == []
