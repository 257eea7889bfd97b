"""The guards around Stripe: each is taken away, here and only here, and the damage is shown.

Beside it stands the same story with the guard, where nothing is wrong: so the other batteries would
notice if a guard were lost.
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
from django_stripe_cart.payments import sync as payments
from django_stripe_cart.payments import sync_order
from django_stripe_cart.webhooks import processing as webhooks
from tests.batteries import actions
from tests.batteries.clock import let_time_pass
from tests.batteries.mutants import each_way, have_met
from tests.batteries.scenarios import Case
from tests.batteries.shop import Shop

pytestmark = pytest.mark.battery

CREATE = "POST /v1/checkout/sessions"


def settled(shop: Shop) -> list[str]:
    shop.sandbox.deliver()
    let_time_pass(shop.sandbox, timedelta(hours=2))
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


def give_up(shop: Shop) -> str:
    """Another process, with a wrong key, is refused and closes the order."""
    shop.sandbox.faults.add(CREATE, kind="unauthorized")
    return sync_order(Order.objects.get()).status


@each_way
def test_without_compare_and_set_a_closed_order_can_be_paid(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(sessions, "_commit_session", set_without_comparing)
    case.shopper.add(case.mug, 2)

    meeting = have_met(case, case.press_checkout(), (give_up, (case.shop,)), at=f"after {CREATE}")

    assert meeting.second == "expired"
    is_payable = case.shop.note_address(meeting.first.url)
    if guarded:
        assert not is_payable
        assert case.shop.violations() == []
    else:
        assert is_payable
        assert any("its session can still be paid" in one for one in case.shop.violations())


# --- the same key on retry ------------------------------------------------------------------------


@each_way
def test_without_the_same_key_a_second_click_makes_a_second_session(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(sessions, "_idempotency_key", lambda order: str(uuid4()))
    case.shopper.add(case.mug, 2)
    case.shop.sandbox.faults.add(CREATE, kind="timeout_after", times=3)
    case.shopper.check_out()

    case.check_out()

    assert len(case.shop.sandbox.sessions) == (1 if guarded else 2)


@each_way
def test_without_the_same_key_a_refund_is_sent_twice(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = gateway.create_refund

    def create_with_a_new_key(intent: str, **options: Any) -> gateway.StripeRefund:
        return create(intent, **{**options, "idempotency_key": str(uuid4())})

    if not guarded:
        monkeypatch.setattr(gateway, "create_refund", create_with_a_new_key)
    case.begin()
    case.pay()
    case.come_back()
    case.shop.sandbox.faults.add("POST /v1/refunds", kind="timeout_before", times=3)
    actions.refund(case.order.pk, 10000)
    case.shop.sandbox.faults.clear()

    # Two find that it was never made, and both make it.
    have_met(
        case,
        (sync_order, (case.order,)),
        (sync_order, (case.order,)),
        at="before POST /v1/refunds",
    )

    key = case.order.refunds.earliest("pk").key
    if guarded:
        assert case.shop.refunded() == 10000
        assert case.shop.violations() == []
    else:
        assert case.shop.refunded() == 20000
        assert f"Refund {key} was made 2 times at Stripe." in case.shop.violations()


# --- expire before release ------------------------------------------------------------------------


def only_look(order: Order) -> gateway.Session:
    return replace(gateway.retrieve_session(order.session_id or ""), status="expired")


@each_way
def test_without_expiring_first_a_canceled_order_is_paid(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(payments, "expire_or_retrieve_session", only_look)
    case.begin()
    address = case.order.session_url

    assert actions.cancel(case.order.pk).url == "canceled"

    violations = case.shop.violations()
    paid = case.shop.sandbox.pay(address)
    if guarded:
        assert (violations, paid.status, case.shop.charged()) == ([], "expired", 0)
    else:
        assert any("its session can still be paid" in one for one in violations)
        assert (paid.status, case.shop.charged()) == ("paid", 40000)


# --- dedupe on finished ---------------------------------------------------------------------------


@each_way
def test_deduplicating_unprocessed_events_loses_a_failed_webhook(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember = webhooks._get_or_create_row

    def take_seen_for_finished(event: gateway.Event) -> WebhookEvent:
        was_seen = WebhookEvent.objects.filter(event_id=event.id).exists()
        row = remember(event)
        row.processed_at = row.received_at if was_seen else None
        return row

    if not guarded:
        monkeypatch.setattr(webhooks, "_get_or_create_row", take_seen_for_finished)
    case.begin()
    case.pay()
    case.shop.sandbox.deliver()
    case.shop.sandbox.refund(case.order.payment_intent_id or "", amount=1000)
    case.shop.sandbox.faults.add("GET *", kind="server_error", times=99)
    answers = {delivery["answer"] for delivery in case.shop.sandbox.deliver()}
    case.shop.sandbox.faults.clear()
    assert 500 in answers

    found = settled(case.shop)

    if guarded:
        assert found == []
        assert case.order.amount_refunded == 1000
    else:
        assert (
            f"Order {case.order.reference} has amount_refunded 0, but Stripe refunded 1000."
            in found
        )


# --- the fingerprint ------------------------------------------------------------------------------


@each_way
def test_without_the_fingerprint_a_changed_price_is_charged(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = contents.CartContents.raise_if_not_orderable
    if not guarded:
        monkeypatch.setattr(
            contents.CartContents,
            "raise_if_not_orderable",
            lambda self, fingerprint=None: check(self),
        )
    case.shopper.add(case.mug)
    seen = case.shopper.open_cart()
    Product.objects.filter(pk=case.mug.pk).update(price="900.00")

    answer = actions.press_checkout(case.shopper.user.pk, seen)

    assert "₹200.00" in seen
    charged = [session["amount_total"] for session in case.shop.sandbox.sessions]
    if guarded:
        assert charged == []
        assert "“Mug” now costs ₹900.00." in answer.sentences
    else:
        assert charged == [90000]
