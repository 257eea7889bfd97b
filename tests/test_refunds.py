"""Money back: all of it or a part, by us or in the Dashboard, for good or only for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.exceptions import (
    PaymentError,
    PaymentMissing,
    PaymentRefused,
    RefundNotPossible,
)
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import Order, Product, Refund
from django_stripe_cart.payments import sync_order
from django_stripe_cart.refunds import amount_refundable, refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_refunded
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import RefundFactory
from tests.support.orders import buy, issues, refreshed

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]

REFUNDS = "POST /v1/refunds"


def refunded_at_stripe(sandbox: Sandbox) -> int:
    gone = ("failed", "canceled")
    return sum(refund["amount"] for refund in sandbox.refunds if refund["status"] not in gone)


# --- by us ------------------------------------------------------------------------------------


def test_all_of_it(paid: Order, sandbox: Sandbox, signals_sent: list[str]) -> None:
    order = refund_order(paid)

    assert (order.status, order.amount_refunded) == ("refunded", 99800)
    assert refunded_at_stripe(sandbox) == 99800
    assert signals_sent == ["order_refunded"]
    refund = order.refunds.get()
    assert (refund.status, refund.source) == ("succeeded", "shop")


def test_of_an_order_that_was_read_before_it_was_paid(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug, 2)
    browser.check_out()
    unpaid = browser.order
    sandbox.pay(unpaid.session_url)
    sandbox.hold_deliveries = True

    order = refund_order(unpaid)

    assert (order.status, order.amount_refunded) == ("refunded", 99800)
    assert refunded_at_stripe(sandbox) == 99800


def test_a_part_of_it_changes_no_state(
    paid: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    order = refund_order(paid, 30000)

    assert (order.status, order.amount_refunded) == ("paid", 30000)
    assert amount_refundable(order) == 69800
    assert signals_sent == ["order_refunded"]


def test_two_equal_parts_are_two_refunds(paid: Order, sandbox: Sandbox) -> None:
    refund_order(paid, 30000)
    order = refund_order(paid, 30000)

    assert (order.amount_refunded, len(sandbox.refunds)) == (60000, 2)


def test_by_the_same_key_it_is_the_same_refund(paid: Order, sandbox: Sandbox) -> None:
    key = uuid4()

    refund_order(paid, 30000, key=key)
    order = refund_order(paid, 30000, key=key)

    assert (order.amount_refunded, len(sandbox.refunds)) == (30000, 1)


def test_what_is_reserved_by_the_same_key_is_sent_and_no_other(
    paid: Order, sandbox: Sandbox
) -> None:
    key = uuid4()
    RefundFactory(order=paid, key=key, amount=30000)  # reserved, and not sent yet

    order = refund_order(paid, 30000, key=key)

    assert (order.amount_refunded, len(sandbox.refunds)) == (30000, 1)


def test_what_was_seen_has_to_be_what_is_left(paid: Order, sandbox: Sandbox) -> None:
    refund_order(paid, 30000, expected_refundable=99800)

    with pytest.raises(RefundNotPossible, match=r"₹698\.00 can still be refunded"):
        refund_order(paid, 30000, expected_refundable=99800)

    assert len(sandbox.refunds) == 1


def test_the_rest_makes_it_refunded(paid: Order, sandbox: Sandbox) -> None:
    refund_order(paid, 30000)
    order = refund_order(paid)

    assert (order.status, order.amount_refunded) == ("refunded", 99800)
    assert [row.amount for row in order.refunds.all()] == [30000, 69800]


@pytest.mark.parametrize("amount", [0, -1, 99801, 2**63])
def test_more_than_is_left_is_refused_before_stripe_is_asked(
    paid: Order, sandbox: Sandbox, amount: int
) -> None:
    with pytest.raises(RefundNotPossible, match="at most ₹998"):
        refund_order(paid, amount)

    assert not sandbox.refunds
    assert not Refund.objects.exists()


def test_what_went_back_can_not_go_back_again(paid: Order, sandbox: Sandbox) -> None:
    refund_order(paid)

    with pytest.raises(RefundNotPossible):
        refund_order(paid)

    assert refunded_at_stripe(sandbox) == 99800


def test_an_unpaid_order_has_nothing_to_refund(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    browser.check_out()

    with pytest.raises(RefundNotPossible):
        refund_order(browser.order)


def test_all_goods_go_back_to_the_shelf_only_if_that_is_said(
    paid: Order, sandbox: Sandbox, mug: Product
) -> None:
    refund_order(paid)

    mug.refresh_from_db()
    assert mug.stock == 8


def test_all_goods_go_back_to_the_shelf_with_the_last_of_the_money_and_once(
    paid: Order, sandbox: Sandbox, mug: Product
) -> None:
    refund_order(paid, 100, restock=True)
    refund_order(paid, 100, restock=True)
    mug.refresh_from_db()
    assert mug.stock == 8

    order = refund_order(paid, restock=True)

    mug.refresh_from_db()
    assert (order.status, mug.stock) == ("refunded", 10)
    assert order.items.get().stock_taken == 0


def test_a_fulfilled_order_can_be_refunded(paid: Order) -> None:
    fulfill_order(paid)

    assert refund_order(paid).status == "refunded"


# --- when the answer does not arrive ------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["timeout_before", "timeout_after", "server_error", "rate_limit", "malformed", "in_use"]
)
def test_an_unknown_refund_stays_reserved_and_the_same_form_finishes_it(
    paid: Order, sandbox: Sandbox, kind: str
) -> None:
    key = fail_to_refund(paid, sandbox, kind)
    assert refreshed(paid).refunds.get().status == "unknown"
    assert amount_refundable(refreshed(paid)) == 69800

    order = refund_order(paid, 30000, key=key)

    assert (order.amount_refunded, refunded_at_stripe(sandbox)) == (30000, 30000)
    assert order.refunds.get().status == "succeeded"


@pytest.mark.parametrize(
    "kind", ["timeout_before", "timeout_after", "server_error", "rate_limit", "malformed", "in_use"]
)
def test_a_sync_finds_out_about_an_unknown_refund_and_never_sends_it(
    paid: Order, sandbox: Sandbox, kind: str
) -> None:
    fail_to_refund(paid, sandbox, kind)
    made = refunded_at_stripe(sandbox)
    sent = requests_sent(sandbox)

    sync_order(paid)
    order = sync_order(paid)

    assert (order.amount_refunded, refunded_at_stripe(sandbox)) == (made, made)
    assert order.refunds.get().status == ("succeeded" if made else "unknown")
    assert requests_sent(sandbox) == sent


@pytest.mark.parametrize("is_late", [False, True])
def test_no_other_refund_is_sent_while_the_outcome_of_one_is_unknown(
    paid: Order, sandbox: Sandbox, is_late: bool
) -> None:
    fail_to_refund(paid, sandbox, "timeout_before")
    if is_late:
        Refund.objects.update(created=timezone.now() - timedelta(hours=20))
    sent = requests_sent(sandbox)

    with pytest.raises(RefundNotPossible, match=r"not known yet whether the refund of ₹300\.00"):
        refund_order(paid, 30000)

    assert requests_sent(sandbox) == sent
    assert Refund.objects.count() == 1


def test_the_same_form_sends_nothing_after_a_refund_in_the_dashboard(
    paid: Order, sandbox: Sandbox
) -> None:
    key = fail_to_refund(paid, sandbox, "timeout_before")
    sandbox.refund(paid.payment_intent_id, 30000)

    with pytest.raises(RefundNotPossible, match="Another refund has been made at Stripe"):
        refund_order(paid, 30000, key=key)

    assert refunded_at_stripe(sandbox) == 30000


def test_the_same_form_sends_its_refund_again_after_an_older_one_in_the_dashboard(
    paid: Order, sandbox: Sandbox
) -> None:
    sandbox.refund(paid.payment_intent_id, 100)
    key = fail_to_refund(paid, sandbox, "timeout_before")

    order = refund_order(paid, 30000, key=key)

    assert (order.amount_refunded, refunded_at_stripe(sandbox)) == (30100, 30100)


def fail_to_refund(order: Order, sandbox: Sandbox, kind: str) -> UUID:
    """Ask for a refund of 300.00 whose answer does not arrive, and return its key."""
    sandbox.hold_deliveries = True
    sandbox.faults.add(REFUNDS, kind=kind, times=9)
    key = uuid4()
    with pytest.raises(PaymentError):
        refund_order(order, 30000, key=key)
    sandbox.faults.clear()
    return key


def requests_sent(sandbox: Sandbox) -> int:
    """How many requests for a refund have reached Stripe."""
    return sum(
        (request["method"], request["path"]) == ("POST", "/v1/refunds")
        for request in sandbox.requests
    )


def test_a_refusal_frees_what_was_reserved(paid: Order, sandbox: Sandbox) -> None:
    sandbox.faults.add(REFUNDS, kind="bad_request")

    with pytest.raises(PaymentRefused):
        refund_order(paid)

    assert refreshed(paid).refunds.get().status == "failed"
    assert amount_refundable(refreshed(paid)) == 99800


def test_a_stored_failure_is_given_up_and_nothing_went_back(paid: Order, sandbox: Sandbox) -> None:
    sandbox.faults.add(REFUNDS, kind="stored_server_error")
    with pytest.raises(PaymentError):
        refund_order(paid)

    sync_order(paid)
    assert amount_refundable(refreshed(paid)) == 0
    Refund.objects.update(created=timezone.now() - timedelta(minutes=16))

    order = sync_order(paid)

    assert (order.refunds.get().status, issues(order)) == ("failed", ["refund_not_made"])
    assert amount_refundable(order) == 99800
    assert refunded_at_stripe(sandbox) == 0


def test_a_stored_failure_after_the_effect_is_found_by_its_metadata(
    paid: Order, sandbox: Sandbox
) -> None:
    sandbox.faults.add(REFUNDS, kind="stored_server_error_after")
    with pytest.raises(PaymentError):
        refund_order(paid, 30000)

    order = sync_order(paid)

    assert (order.amount_refunded, refunded_at_stripe(sandbox)) == (30000, 30000)


def test_after_the_keys_lifetime_nothing_is_sent_again(paid: Order, sandbox: Sandbox) -> None:
    key = fail_to_refund(paid, sandbox, "timeout_before")
    Refund.objects.update(created=timezone.now() - timedelta(hours=25))

    with pytest.raises(RefundNotPossible, match="too old to be sent again"):
        refund_order(paid, 30000, key=key)
    sync_order(paid)
    order = sync_order(paid)

    assert (order.status, order.refunds.get().status) == ("paid", "failed")
    assert issues(order) == ["refund_not_made"]
    assert not sandbox.refunds


# --- by others, and undone ----------------------------------------------------------------------


def test_a_refund_made_in_the_dashboard_is_noticed(
    paid: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    sandbox.refund(paid.payment_intent_id, amount=40000)

    order = refreshed(paid)
    row = order.refunds.get()
    assert (order.amount_refunded, row.source, row.amount) == (40000, "stripe", 40000)
    assert signals_sent == ["order_refunded"]


def test_the_next_sync_finds_a_dashboard_refund_without_a_webhook(
    paid: Order, sandbox: Sandbox
) -> None:
    sandbox.hold_deliveries = True
    sandbox.refund(paid.payment_intent_id)

    assert sync_order(paid).status == "refunded"


def test_ours_is_refused_by_stripe_if_the_dashboard_was_faster(
    paid: Order, sandbox: Sandbox
) -> None:
    sandbox.hold_deliveries = True
    sandbox.refund(paid.payment_intent_id)

    with pytest.raises(PaymentRefused):
        refund_order(paid)

    assert (refreshed(paid).status, refreshed(paid).amount_refunded) == ("refunded", 99800)
    assert refunded_at_stripe(sandbox) == 99800


def test_a_look_that_was_overtaken_is_not_recorded_as_the_truth(
    paid: Order, sandbox: Sandbox
) -> None:
    refund_order(paid)
    stripe = sandbox.http_client()
    ask, moved = stripe.request, []

    def request(method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        answer = ask(method, url, *args, **kwargs)
        if "/v1/refunds" in url and not moved:
            moved.append(sandbox.set_refund_status(sandbox.refunds[0], "failed"))
        return answer

    stripe.request = request
    with transport(stripe):
        sync_order(paid)

    order = refreshed(paid)
    assert moved
    assert (order.refunds.get().status, order.status, order.amount_refunded) == (
        "failed",
        "paid",
        0,
    )


def test_a_refund_that_fails_later_moves_the_order_back_and_calls_a_person(
    browser: Browser, sandbox: Sandbox, mug: Product, signals_sent: list[str]
) -> None:
    order = buy(browser, sandbox, mug, 2, card="4000000000005126")
    assert refund_order(order).status == "refunded"

    sandbox.set_refund_status(sandbox.refunds[0], "failed")

    order = refreshed(order)
    assert (order.status, issues(order), order.amount_refunded) == ("paid", ["refund_failed"], 0)
    assert order.issues.get().about == order.refunds.get().stripe_id
    assert order.paid_at is not None
    assert amount_refundable(order) == 99800
    assert signals_sent.count("order_paid") == 1
    assert signals_sent[-2:] == ["order_issue_opened", "refund_failed"]


def test_a_failed_refund_of_a_fulfilled_order_leaves_it_fulfilled(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    order = buy(browser, sandbox, mug, 2, card="4000000000005126")
    fulfill_order(order)
    refund_order(order)

    sandbox.set_refund_status(sandbox.refunds[0], "failed")

    assert refreshed(order).status == "fulfilled"


def test_a_pending_refund_is_reserved_and_moves_the_order_when_it_succeeds(
    browser: Browser, sandbox: Sandbox, mug: Product, signals_sent: list[str]
) -> None:
    order = buy(browser, sandbox, mug, 2, card="4000000000007726")

    order = refund_order(order, restock=True)
    assert (order.refunds.get().status, order.status) == ("pending", "paid")
    assert (order.amount_refunded, amount_refundable(order)) == (0, 0)
    assert order.items.get().stock_taken == 2
    assert "order_refunded" not in signals_sent

    sandbox.set_refund_status(sandbox.refunds[0], "succeeded")

    order = refreshed(order)
    assert order.refunds.get().status == "succeeded"
    assert (order.status, order.amount_refunded) == ("refunded", 99800)
    assert order.items.get().stock_taken == 0
    assert signals_sent.count("order_refunded") == 1


def test_a_receiver_gets_the_refund(paid: Order) -> None:
    heard: list[Any] = []

    def hear(refund: Refund, **kwargs: object) -> None:
        heard.append(refund.amount)

    order_refunded.connect(hear)
    try:
        refund_order(paid, 30000)
    finally:
        order_refunded.disconnect(hear)

    assert heard == [30000]


# --- money that a person had to look at ----------------------------------------------------------


def test_refunding_wrong_money_settles_the_matter(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    browser.check_out()
    Order.objects.update(total=1)
    sandbox.pay(browser.order.session_url)
    assert (browser.order.status, issues(browser.order)) == ("processing", ["amount_mismatch"])

    order = refund_order(browser.order)

    assert (order.status, issues(order)) == ("refunded", [])
    assert order.issues.get().settled_by == ""


# --- disputes -----------------------------------------------------------------------------------


def test_a_dispute_is_noted_beside_the_state(
    browser: Browser, sandbox: Sandbox, mug: Product, signals_sent: list[str]
) -> None:
    order = buy(browser, sandbox, mug, 2, card="4000000000000259")

    order = refreshed(order)
    assert (order.status, order.disputes.get().status) == ("paid", "needs_response")
    assert issues(order) == ["disputed"]
    assert signals_sent.count("order_disputed") == 1


def test_a_refund_refused_during_a_dispute_reserves_nothing(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    order = buy(browser, sandbox, mug, 2, card="4000000000000259")

    with pytest.raises(PaymentRefused):
        refund_order(order)

    assert amount_refundable(refreshed(order)) == 99800


def test_a_dispute_that_comes_before_its_payment_is_known_is_not_lost(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    sandbox.faults.add("WEBHOOK checkout.session.completed", kind="drop")
    sandbox.faults.add("WEBHOOK charge.succeeded", kind="drop")

    order = buy(browser, sandbox, mug, 2, card="4000000000000259")

    assert (order.status, order.disputes.get().status) == ("paid", "needs_response")
    assert issues(order) == ["disputed"]


@pytest.mark.parametrize(
    ("won", "status", "left"), [(True, "won", []), (False, "lost", ["disputed"])]
)
def test_the_issue_of_a_dispute_is_over_once_it_is_won_and_stays_if_it_is_lost(
    browser: Browser, sandbox: Sandbox, mug: Product, won: bool, status: str, left: list[str]
) -> None:
    order = buy(browser, sandbox, mug, 2, card="4000000000000259")

    sandbox.close_dispute(sandbox.disputes[0], won=won)

    order = refreshed(order)
    assert (order.disputes.get().status, issues(order), order.status) == (status, left, "paid")
    assert order.disputes.get().closed is not None


# --- of a payment that Stripe does not find -----------------------------------------------------


def test_a_refund_is_refused_for_good_if_its_payment_is_not_found(
    paid: Order, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_intent: str) -> None:
        raise PaymentMissing(stripe_code="resource_missing")

    sandbox.reset()
    monkeypatch.setattr(gateway, "list_refunds", refuse)

    with pytest.raises(PaymentRefused):
        refund_order(paid, 100)

    assert paid.refunds.get().status == "failed"
    assert amount_refundable(paid) == 99800


@pytest.mark.parametrize(("hours", "status"), [(23, "unknown"), (25, "failed")])
def test_an_unknown_refund_is_given_up_a_day_later_if_its_payment_is_not_found(
    paid: Order, sandbox: Sandbox, signals_sent: list[str], hours: int, status: str
) -> None:
    refund = RefundFactory(order=paid, status="unknown", amount=100, stripe_id=None)
    Refund.objects.update(created=timezone.now() - timedelta(hours=hours))
    sandbox.reset()

    for _time in range(2):
        with pytest.raises(PaymentMissing):
            sync_order(paid)

    assert paid.refunds.get(pk=refund.pk).status == status
    is_over = status == "failed"
    assert issues(paid) == ["refund_not_made"] * is_over
    assert signals_sent.count("refund_failed") == is_over
