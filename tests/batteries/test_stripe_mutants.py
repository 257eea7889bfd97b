"""Mutants without a guard around the requests to Stripe, and the invariant that each breaks.

Each test runs the same scenario with the guard, which breaks no invariant. So the other batteries
fail when a guard is lost.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from django_stripe_cart import gateway
from django_stripe_cart.cart import contents
from django_stripe_cart.models import Order, Product, WebhookEvent
from django_stripe_cart.payments import checkout_sessions as sessions
from django_stripe_cart.payments import snapshot_requests, sync_order
from django_stripe_cart.webhooks import processing as webhooks
from tests.batteries import actions, tracepoints
from tests.batteries.mutants import interleave_at, with_and_without_guard
from tests.batteries.scenarios import REFUND_KEY, Scenario
from tests.batteries.shop import Shop
from tests.support.clock import advance_time

CREATE = "POST /v1/checkout/sessions"


def settle(shop: Shop) -> list[str]:
    shop.sandbox.deliver()
    advance_time(shop.sandbox, timedelta(hours=2))
    actions.sync()
    return shop.settled_violations()


# --- compare and set ------------------------------------------------------------------------------


def set_without_comparing(order: Order, session: gateway.Session, **_: Any) -> Order:
    order.session_id, order.session_url = session.id, session.url
    order.session_expires_at = session.expires_at
    Order.objects.filter(pk=order.pk).update(
        session_id=session.id, session_url=session.url, session_expires_at=session.expires_at
    )
    return order


def sync_with_refusal(shop: Shop) -> str:
    """Sync in a process with a wrong secret key, which Stripe refuses: the order is closed."""
    shop.sandbox.faults.add(CREATE, kind="unauthorized")
    return sync_order(Order.objects.get()).status


@with_and_without_guard
def test_without_compare_and_set_a_closed_order_can_be_paid(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(sessions, "_commit_session", set_without_comparing)
    scenario.shopper.add(scenario.mug, 2)

    interleaving = interleave_at(
        scenario,
        scenario.checkout_action(),
        (sync_with_refusal, (scenario.shop,)),
        at=f"after {CREATE}",
    )

    assert interleaving.second == "expired"
    is_payment_url = scenario.shop.record_payment_url(interleaving.first.url)
    if guarded:
        assert not is_payment_url
        assert scenario.shop.violations() == []
    else:
        assert is_payment_url
        assert any("its session can still be paid" in one for one in scenario.shop.violations())


# --- the same key on retry ------------------------------------------------------------------------


@with_and_without_guard
def test_without_the_same_key_a_second_click_makes_a_second_session(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(sessions, "_idempotency_key", lambda order: str(uuid4()))
    scenario.shopper.add(scenario.mug, 2)
    scenario.shop.sandbox.faults.add(CREATE, kind="timeout_after", times=3)
    scenario.shopper.check_out()

    scenario.check_out()

    assert len(scenario.shop.sandbox.sessions) == (1 if guarded else 2)


@with_and_without_guard
def test_without_the_same_key_a_refund_is_sent_twice(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = gateway.create_refund

    def create_with_a_new_key(intent: str, **options: Any) -> gateway.StripeRefund:
        return create(intent, **{**options, "idempotency_key": str(uuid4())})

    if not guarded:
        monkeypatch.setattr(gateway, "create_refund", create_with_a_new_key)
        # Each tracepoint would refuse a refund with another key than was asked for.
        monkeypatch.setattr(tracepoints, "is_unasked_refund", lambda *_: False)
    scenario.start_checkout()
    scenario.pay()
    scenario.return_from_stripe()
    scenario.shop.sandbox.faults.add("POST /v1/refunds", kind="timeout_before", times=3)
    same_form = actions.refund, (scenario.order.pk, 10000, REFUND_KEY)
    same_form[0](*same_form[1])
    scenario.shop.sandbox.faults.clear()

    # Staff sends the form again, twice. Both find no refund at Stripe, and both create it.
    interleave_at(scenario, same_form, same_form, at="before POST /v1/refunds")

    key = scenario.order.refunds.earliest("pk").key
    if guarded:
        assert scenario.shop.amount_refunded() == 10000
        assert scenario.shop.violations() == []
    else:
        assert scenario.shop.amount_refunded() == 20000
        assert f"Refund {key} was made 2 times at Stripe." in scenario.shop.violations()


# --- expire before release ------------------------------------------------------------------------


def retrieve_as_expired(order: Order) -> gateway.Session:
    return replace(gateway.retrieve_session(order.session_id or ""), status="expired")


@with_and_without_guard
def test_without_expiring_first_a_canceled_order_is_paid(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(snapshot_requests, "expire_or_retrieve_session", retrieve_as_expired)
    scenario.start_checkout()
    url = scenario.order.session_url

    assert actions.cancel(scenario.order.pk).url == "canceled"

    violations = scenario.shop.violations()
    paid = scenario.shop.sandbox.pay(url)
    if guarded:
        assert (violations, paid.status, scenario.shop.amount_charged()) == ([], "expired", 0)
    else:
        assert any("its session can still be paid" in one for one in violations)
        assert (paid.status, scenario.shop.amount_charged()) == ("paid", 40000)


# --- deduplication of processed webhooks ----------------------------------------------------------


@with_and_without_guard
def test_deduplicating_unprocessed_events_loses_a_failed_webhook(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_or_create = webhooks._get_or_create_row

    def treat_known_as_processed(event: gateway.Event, source: str) -> WebhookEvent:
        is_known = WebhookEvent.objects.filter(event_id=event.id).exists()
        row = get_or_create(event, source)
        row.processed_at = row.received_at if is_known else None
        return row

    if not guarded:
        monkeypatch.setattr(webhooks, "_get_or_create_row", treat_known_as_processed)
    scenario.start_checkout()
    scenario.pay()
    scenario.shop.sandbox.deliver()
    scenario.shop.sandbox.refund(scenario.order.payment_intent_id or "", amount=1000)
    scenario.shop.sandbox.faults.add("GET *", kind="server_error", times=99)
    answers = {delivery["answer"] for delivery in scenario.shop.sandbox.deliver()}
    scenario.shop.sandbox.faults.clear()
    assert 500 in answers

    found = settle(scenario.shop)

    if guarded:
        assert found == []
        assert scenario.order.amount_refunded == 1000
    else:
        assert (
            f"Order {scenario.order.reference} has amount_refunded 0, but Stripe refunded 1000."
            in found
        )


# --- the fingerprint ------------------------------------------------------------------------------


@with_and_without_guard
def test_without_the_fingerprint_a_changed_price_is_charged(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = contents.CartContents.raise_if_not_orderable
    if not guarded:
        monkeypatch.setattr(
            contents.CartContents,
            "raise_if_not_orderable",
            lambda self, fingerprint=None: check(self),
        )
    scenario.shopper.add(scenario.mug)
    page = scenario.shopper.open_cart()
    Product.objects.filter(pk=scenario.mug.pk).update(price="900.00")

    outcome = actions.check_out(scenario.shopper.user.pk, page)

    assert "₹200.00" in page
    charged = [session["amount_total"] for session in scenario.shop.sandbox.sessions]
    if guarded:
        assert charged == []
        assert "“Mug” now costs ₹900.00." in outcome.messages
    else:
        assert charged == [90000]
