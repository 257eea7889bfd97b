"""Disputes: several on one payment, lost from the start, inquiries, and their issues."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from django_stripe_cart import gateway
from django_stripe_cart.models import Order
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from tests.support.orders import issues, refreshed, settle

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]


def statuses(order: Order) -> list[str]:
    return [dispute.status for dispute in order.disputes.all()]


def open_two(sandbox: Sandbox, order: Order) -> tuple[Any, Any]:
    older = sandbox.open_dispute(order.payment_intent_id or "")
    sandbox.clock.advance(seconds=10)
    return older, sandbox.open_dispute(order.payment_intent_id or "")


def test_each_dispute_is_a_row_with_what_staff_has_to_know(paid: Order, sandbox: Sandbox) -> None:
    opened = sandbox.open_dispute(paid.payment_intent_id or "")

    dispute = paid.disputes.get()
    assert (dispute.stripe_id, dispute.status, dispute.amount) == (
        opened["id"],
        "needs_response",
        99800,
    )
    assert dispute.reason == "fraudulent"
    assert dispute.due_by is not None
    assert dispute.due_by > dispute.opened
    assert dispute.closed is None
    assert dispute.stripe_url.endswith(f"/test/disputes/{opened['id']}")


def test_an_older_dispute_stays_open_while_a_newer_one_is_won(
    paid: Order, sandbox: Sandbox
) -> None:
    _older, newer = open_two(sandbox, paid)

    sandbox.close_dispute(newer["id"], won=True)

    assert statuses(paid) == ["needs_response", "won"]
    assert issues(paid) == ["disputed"]


def test_a_second_dispute_opens_an_issue_after_the_first_was_settled(
    paid: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    sandbox.open_dispute(paid.payment_intent_id or "")
    settle(paid, "disputed")
    sandbox.clock.advance(seconds=10)

    second = sandbox.open_dispute(paid.payment_intent_id or "")

    assert paid.issues.open().get().about == second["id"]
    assert paid.events.filter(kind="dispute").count() == 2
    assert signals_sent.count("order_disputed") == 2


def test_an_older_dispute_that_is_lost_is_noted_after_a_newer_one_was_won(
    paid: Order, sandbox: Sandbox
) -> None:
    older, newer = open_two(sandbox, paid)
    sandbox.close_dispute(newer["id"], won=True)

    sandbox.close_dispute(older["id"], won=False)

    assert paid.events.filter(kind="dispute", message="lost", about=older["id"]).exists()
    assert issues(paid) == ["disputed"]


def test_staff_answering_a_dispute_does_not_open_its_issue_again(
    paid: Order, sandbox: Sandbox
) -> None:
    dispute = sandbox.open_dispute(paid.payment_intent_id or "")
    settle(paid, "disputed")

    sandbox.set_dispute_status(dispute["id"], "under_review")
    assert issues(paid) == []

    sandbox.close_dispute(dispute["id"], won=False)
    assert issues(paid) == ["disputed"]


@pytest.mark.parametrize("end", ["lost", "prevented"])
def test_a_debit_that_the_bank_took_back_is_an_issue(
    pending: Order, sandbox: Sandbox, end: str
) -> None:
    sandbox.pay_by_bank_debit(pending.session_url)
    sandbox.settle(pending.session_id)
    # SEPA and ACH returns are lost from the start.
    sandbox.open_dispute(refreshed(pending).payment_intent_id or "", status=end)

    assert statuses(pending) == [end]
    assert pending.disputes.get().closed is not None
    assert issues(pending) == ["disputed"]


def test_an_inquiry_is_noticed_and_is_over_once_it_is_closed(
    paid: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    inquiry = sandbox.open_dispute(paid.payment_intent_id or "", is_inquiry=True)

    assert statuses(paid) == ["warning_needs_response"]
    assert (issues(paid), signals_sent.count("order_disputed")) == (["disputed"], 1)

    sandbox.close_dispute(inquiry["id"])
    assert (statuses(paid), issues(paid)) == (["warning_closed"], [])


def test_an_inquiry_that_becomes_a_dispute_opens_an_issue_again(
    paid: Order, sandbox: Sandbox
) -> None:
    inquiry = sandbox.open_dispute(paid.payment_intent_id or "", is_inquiry=True)
    settle(paid, "disputed")

    sandbox.set_dispute_status(inquiry["id"], "needs_response")

    assert issues(paid) == ["disputed"]


def test_a_dispute_that_the_list_lacks_is_retrieved_by_its_id(
    paid: Order, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(gateway, "list_disputes", lambda intent: [])
        sandbox.open_dispute(paid.payment_intent_id or "")

    assert statuses(paid) == ["needs_response"]


def test_a_dispute_of_a_second_payment_is_recorded_on_its_order(
    paid: Order, sandbox: Sandbox
) -> None:
    second = gateway.create_session(paid.session_params or {}, idempotency_key="second")
    sandbox.pay(second.id)

    sandbox.open_dispute(gateway.retrieve_session(second.id).payment_intent_id)

    assert statuses(paid) == ["needs_response"]
    assert issues(paid) == ["disputed", "unknown_money"]


def test_a_dispute_that_is_lost_after_it_was_won_is_an_issue_again(
    paid: Order, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card's network can overturn a decision."""
    dispute = sandbox.open_dispute(paid.payment_intent_id or "")
    sandbox.close_dispute(dispute["id"], won=True)
    listed = gateway.list_disputes(paid.payment_intent_id or "")
    lost = [replace(one, status="lost") for one in listed]
    monkeypatch.setattr(gateway, "list_disputes", lambda _intent: lost)

    sync_order(paid)

    assert statuses(paid) == ["lost"]
    assert issues(paid) == ["disputed"]


def test_a_list_that_is_behind_its_event_does_not_hide_the_end(
    paid: Order, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispute = sandbox.open_dispute(paid.payment_intent_id or "")
    listed = gateway.list_disputes(paid.payment_intent_id or "")
    monkeypatch.setattr(gateway, "list_disputes", lambda _intent: listed)

    sandbox.close_dispute(dispute["id"], won=False)

    assert statuses(paid) == ["lost"]


def test_a_dispute_of_a_second_payment_is_recorded_before_the_order_itself_is_paid(
    pending: Order, sandbox: Sandbox
) -> None:
    second = gateway.create_session(pending.session_params or {}, idempotency_key="second")
    sandbox.pay(second.id)

    sandbox.open_dispute(gateway.retrieve_session(second.id).payment_intent_id)

    assert refreshed(pending).payment_intent_id is None
    assert statuses(pending) == ["needs_response"]
    assert issues(pending) == ["disputed", "unknown_money"]
