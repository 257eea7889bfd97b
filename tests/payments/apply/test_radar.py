"""Reviews and early fraud warnings: issues that fulfilling the order waits for."""

from __future__ import annotations

import pytest

from django_stripe_cart import gateway
from django_stripe_cart.exceptions import ConfirmationNeeded
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Order, WebhookEvent
from django_stripe_cart.payments import sync_order
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.webhooks.missed_events import read_missed_events
from tests.support.orders import issues, refreshed, settle

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]


def intent(order: Order) -> str:
    return order.payment_intent_id or ""


def test_a_review_is_an_issue_until_it_is_approved(
    paid: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    review = sandbox.open_review(intent(paid))

    assert paid.issues.open().get().about == review["id"]
    assert issues(paid) == ["review"]
    assert signals_sent.count("order_issue_opened") == 1

    sandbox.close_review(review["id"])

    assert issues(paid) == []
    assert paid.issues.get().settled_by == ""
    assert fulfill_order(paid).status == "fulfilled"


@pytest.mark.parametrize("reason", ["disputed", "redacted", "refunded_as_fraud"])
def test_a_review_is_over_however_it_was_closed(paid: Order, sandbox: Sandbox, reason: str) -> None:
    review = sandbox.open_review(intent(paid))

    sandbox.close_review(review, reason=reason)

    assert issues(paid) == []


def test_a_review_is_over_after_a_whole_refund(paid: Order, sandbox: Sandbox) -> None:
    sandbox.open_review(intent(paid))

    sandbox.refund(intent(paid))

    assert sandbox.reviews[0]["closed_reason"] == "refunded"
    assert (issues(paid), refreshed(paid).status) == ([], "refunded")


def test_a_second_review_opens_an_issue_of_its_own(paid: Order, sandbox: Sandbox) -> None:
    sandbox.close_review(sandbox.open_review(intent(paid)))

    second = sandbox.open_review(intent(paid))

    assert paid.issues.open().get().about == second["id"]


def test_a_review_that_staff_settled_is_not_an_issue_again(
    paid: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    sandbox.open_review(intent(paid))
    settle(paid, "review")
    signals_sent.clear()

    sandbox.resend(sandbox.reviews[0])
    sync_order(paid)

    assert (issues(paid), signals_sent) == ([], [])


def test_an_early_fraud_warning_is_an_issue_until_all_is_refunded(
    paid: Order, sandbox: Sandbox
) -> None:
    warning = sandbox.warn_of_fraud(intent(paid))

    assert issues(paid) == ["early_fraud_warning"]
    assert paid.issues.open().get().about == warning["id"]

    refund_order(refreshed(paid), amount=1000)
    assert issues(paid) == ["early_fraud_warning"]

    refund_order(refreshed(paid))
    assert (issues(paid), refreshed(paid).status) == ([], "refunded")


def test_a_warning_that_staff_settled_is_not_an_issue_again(paid: Order, sandbox: Sandbox) -> None:
    warning = sandbox.warn_of_fraud(intent(paid))
    settle(paid, "early_fraud_warning")

    sandbox.open_dispute(intent(paid))  # updates the warning

    assert sandbox.events[-1]["data"]["object"]["id"] == warning["id"]
    assert issues(paid) == ["disputed"]


@pytest.mark.parametrize("action", ["open_review", "warn_of_fraud"])
def test_fulfilling_asks_first(paid: Order, sandbox: Sandbox, action: str) -> None:
    getattr(sandbox, action)(intent(paid))

    with pytest.raises(ConfirmationNeeded):
        fulfill_order(refreshed(paid))
    assert refreshed(paid).status == "paid"

    assert fulfill_order(refreshed(paid), confirmed=True).status == "fulfilled"


def test_a_settled_issue_does_not_keep_the_order_waiting(paid: Order, sandbox: Sandbox) -> None:
    sandbox.open_review(intent(paid))
    settle(paid, "review")

    assert fulfill_order(refreshed(paid)).status == "fulfilled"


def test_missed_events_find_both_and_their_ends(paid: Order, sandbox: Sandbox) -> None:
    sandbox.hold_deliveries = True
    review = sandbox.open_review(intent(paid))
    sandbox.warn_of_fraud(intent(paid))
    assert issues(paid) == []

    missed = read_missed_events()
    assert (missed.processed, missed.failed) == (2, 0)
    assert issues(paid) == ["early_fraud_warning", "review"]

    sandbox.close_review(review)
    read_missed_events()
    assert issues(paid) == ["early_fraud_warning"]

    sandbox.refund(intent(paid))
    read_missed_events()
    assert issues(paid) == []


def test_the_end_of_a_review_is_found_by_any_later_sync(paid: Order, sandbox: Sandbox) -> None:
    review = sandbox.open_review(intent(paid))
    sandbox.hold_deliveries = True
    sandbox.close_review(review)

    sync_order(refreshed(paid))

    assert issues(paid) == []


def test_the_closing_of_a_review_may_arrive_before_its_opening(
    paid: Order, sandbox: Sandbox
) -> None:
    sandbox.hold_deliveries = True
    sandbox.faults.add("WEBHOOK review.opened", kind="reorder")
    sandbox.close_review(sandbox.open_review(intent(paid)))
    sandbox.hold_deliveries = False
    sandbox.deliver()

    types = WebhookEvent.objects.filter(type__startswith="review.").values_list("type", flat=True)
    assert set(types) == {"review.opened", "review.closed"}
    assert not paid.issues.exists()


def test_a_second_payment_in_review_is_an_issue_of_its_order(paid: Order, sandbox: Sandbox) -> None:
    second = gateway.create_session(paid.session_params or {}, idempotency_key="second")
    sandbox.pay(second.id)

    sandbox.open_review(second.id)

    assert issues(paid) == ["review", "unknown_money"]


def test_a_payment_of_somebody_else_at_the_same_account_is_ignored(
    paid: Order, sandbox: Sandbox
) -> None:
    params = {**(paid.session_params or {}), "metadata": {}, "payment_intent_data": {}}
    params.pop("client_reference_id")
    other = gateway.create_session(params, idempotency_key="other")
    sandbox.pay(other.id)

    sandbox.open_review(other.id)
    sandbox.warn_of_fraud(other.id)

    assert issues(paid) == []
    assert not WebhookEvent.objects.filter(type__startswith="review.").exists()


def test_a_warning_that_arrives_after_a_whole_refund_is_no_issue(
    paid: Order, sandbox: Sandbox
) -> None:
    sandbox.hold_deliveries = True
    sandbox.warn_of_fraud(intent(paid))
    sandbox.refund(intent(paid))
    sandbox.hold_deliveries = False
    sandbox.deliver()

    assert (issues(paid), refreshed(paid).status) == ([], "refunded")


def test_a_warning_is_an_issue_again_when_the_refund_fails(paid: Order, sandbox: Sandbox) -> None:
    sandbox.warn_of_fraud(intent(paid))
    refund = sandbox.refund(intent(paid))
    assert issues(paid) == []

    sandbox.set_refund_status(refund, "failed")

    assert issues(paid) == ["early_fraud_warning", "refund_failed"]


def test_any_sync_opens_a_warning_again_when_the_refund_has_failed(
    paid: Order, sandbox: Sandbox
) -> None:
    """No event about the warning tells it."""
    sandbox.warn_of_fraud(intent(paid))
    refund = sandbox.refund(intent(paid))
    sandbox.hold_deliveries = True
    sandbox.set_refund_status(refund, "failed")

    order = sync_order(paid)

    assert order.status == "paid"
    assert issues(paid) == ["early_fraud_warning", "refund_failed"]


def test_a_warning_that_staff_settled_stays_settled_when_a_refund_fails(
    paid: Order, sandbox: Sandbox
) -> None:
    sandbox.warn_of_fraud(intent(paid))
    settle(paid, "early_fraud_warning")
    refund = sandbox.refund(intent(paid))

    sandbox.set_refund_status(refund, "failed")

    assert issues(paid) == ["refund_failed"]


def test_a_review_that_stays_open_is_one_issue(paid: Order, sandbox: Sandbox) -> None:
    sandbox.open_review(paid.payment_intent_id or "")

    sync_order(paid)

    assert issues(paid) == ["review"]
