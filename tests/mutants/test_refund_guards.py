"""Mutants without a guard of refunds, issues and disputes: each one is caught by an invariant.

Each test runs the same story with the guard, which breaks no invariant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from django_stripe_cart import refunds
from django_stripe_cart.exceptions import PaymentError, RefundNotPossible
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import Order, Product, Refund
from django_stripe_cart.payments import refund_requests, sync_order
from django_stripe_cart.payments.apply import disputes, replacements, restock
from django_stripe_cart.payments.apply import refunds as apply_refunds
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.invariants import violations
from django_stripe_cart.testing.refund_log import RefundLog
from tests.support.orders import close_and_sell_out, issues, refreshed, settle

pytestmark = pytest.mark.database

FORM = UUID(int=7)  # the key of a form
REFUND_FAILS_LATER = "4000000000005126"

with_and_without_guard = pytest.mark.parametrize(
    "guarded", [True, False], ids=["guarded", "mutant"]
)
Find = Callable[[], list[str]]


@pytest.fixture
def find(sandbox: Sandbox, mug: Product) -> Iterator[Find]:
    """Return the violations, with ten mugs in stock at first."""
    log = RefundLog()
    with transport(log.watch(sandbox.http_client())):
        yield lambda: violations(sandbox, stock={mug.pk: 10}, unasked_refunds=log.unasked)


def refund_in_vain(sandbox: Sandbox, order: Order, amount: int = 30000) -> None:
    """Lose the request before it reaches Stripe."""
    sandbox.faults.add("POST /v1/refunds", kind="reset_before", times=3)
    with pytest.raises(PaymentError):
        refund_order(order, amount, key=FORM)
    sandbox.faults.clear()


def amount_returned(sandbox: Sandbox) -> int:
    return sum(one["amount"] for one in sandbox.refunds if one["status"] == "succeeded")


# --- refunds that only people send ----------------------------------------------------------------


@with_and_without_guard
def test_a_look_that_sends_a_refund(
    paid: Order, sandbox: Sandbox, find: Find, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send_unknown(order: Order, **options: Any) -> Order:
        for row in order.refunds.unknown():
            refund_requests.send_refund(row, by=options["by"])
        return sync_order(order, **options)

    if not guarded:
        monkeypatch.setattr("django_stripe_cart.webhooks.processing.sync_order", send_unknown)
    refund_in_vain(sandbox, paid)

    sandbox.refund(paid.payment_intent_id or "", 30000)  # its webhook is a reason to look

    assert amount_returned(sandbox) == (30000 if guarded else 60000)
    assert any("not by the call that asked for it" in one for one in find()) != guarded


@with_and_without_guard
def test_an_unknown_refund_that_blocks_no_other(
    paid: Order, sandbox: Sandbox, find: Find, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(refunds, "_raise_if_not_refundable", lambda *arguments: None)
    sandbox.hold_deliveries = True
    sandbox.faults.add("POST /v1/refunds", kind="timeout_after", times=3)
    with pytest.raises(PaymentError):
        refund_order(paid, 30000, key=FORM)
    sandbox.faults.clear()

    with suppress(RefundNotPossible):
        refund_order(paid, 30000)

    assert amount_returned(sandbox) == (30000 if guarded else 60000)


@with_and_without_guard
def test_sending_again_despite_a_refund_of_the_dashboard(
    paid: Order, sandbox: Sandbox, find: Find, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(refund_requests, "_was_made_elsewhere_since", lambda *_: False)
    refund_in_vain(sandbox, paid)
    sandbox.refund(paid.payment_intent_id or "", 30000)

    with suppress(RefundNotPossible):
        refund_order(paid, 30000, key=FORM)

    assert amount_returned(sandbox) == (30000 if guarded else 60000)


@with_and_without_guard
def test_sending_again_after_stripe_may_have_forgotten_the_key(
    paid: Order, sandbox: Sandbox, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(refund_requests, "KEY_LIFETIME", timedelta(days=99))
    refund_in_vain(sandbox, paid)
    Refund.objects.update(created=timezone.now() - timedelta(hours=24))

    with suppress(RefundNotPossible):
        refund_order(paid, 30000, key=FORM)

    assert amount_returned(sandbox) == (0 if guarded else 30000)


@with_and_without_guard
def test_giving_up_before_the_quarter_of_an_hour_is_over(
    paid: Order, sandbox: Sandbox, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(apply_refunds, "SEARCH_TIME", timedelta(0))
    refund_in_vain(sandbox, paid)

    sync_order(paid)
    sync_order(paid)

    assert paid.refunds.get().status == ("unknown" if guarded else "failed")


@with_and_without_guard
def test_giving_up_after_one_list(
    paid: Order, sandbox: Sandbox, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_up = apply_refunds._fail_if_never_made

    def give_up_at_once(change: Any, row: Refund, snapshot: Any) -> None:
        row.missing_since = row.created
        give_up(change, row, snapshot)

    if not guarded:
        monkeypatch.setattr(apply_refunds, "_fail_if_never_made", give_up_at_once)
    refund_in_vain(sandbox, paid)
    Refund.objects.update(created=timezone.now() - timedelta(minutes=16))

    sync_order(paid)

    assert paid.refunds.get().status == ("unknown" if guarded else "failed")


@with_and_without_guard
def test_giving_up_without_a_word(
    paid: Order, sandbox: Sandbox, find: Find, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund_in_vain(sandbox, paid)
    sync_order(paid)
    Refund.objects.update(created=timezone.now() - timedelta(minutes=16))
    if not guarded:
        monkeypatch.setattr(apply_refunds, "_report_failure", lambda *_, about: None)

    sync_order(paid)

    assert any("has the failed refund" in one for one in find()) != guarded


@with_and_without_guard
def test_a_refund_that_makes_good_what_failed_after_it(
    paid: Order, sandbox: Sandbox, find: Find, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_any(failures: list[Any], succeeded: list[Refund]) -> list[Any]:
        return failures[: len(succeeded)]

    for _time in range(2):
        refund_order(refreshed(paid), 30000)
    if not guarded:
        monkeypatch.setattr(replacements, "_find_replaced", find_any)

    sandbox.set_refund_status(sandbox.refunds[0], "failed")

    assert any("which nothing made good" in one for one in find()) != guarded


# --- orders that are held -------------------------------------------------------------------------


@with_and_without_guard
def test_a_hold_that_is_not_opened_again(
    pending: Order, sandbox: Sandbox, find: Find, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restore(change: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(apply_refunds, "open_issue", lambda *_, **_about: None)
            restore_status(change)

    restore_status = apply_refunds._restore_status
    if not guarded:
        monkeypatch.setattr(apply_refunds, "_restore_status", restore)
    Order.objects.update(total=1)
    sandbox.pay(pending.session_url, card=REFUND_FAILS_LATER)
    refund_order(refreshed(pending))

    sandbox.clock.advance(seconds=60)
    sandbox.deliver()

    assert any("but has no open issue about it" in one for one in find()) != guarded


@with_and_without_guard
def test_a_hold_that_ends_with_a_refund_that_fails(
    pending: Order, sandbox: Sandbox, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restore(change: Any) -> None:
        change.order.held_for = ""
        restore_status(change)

    restore_status = apply_refunds._restore_status
    if not guarded:
        monkeypatch.setattr(apply_refunds, "_restore_status", restore)
    close_and_sell_out(pending)
    sandbox.pay(pending.session_url, card=REFUND_FAILS_LATER)
    refund_order(refreshed(pending))
    Product.objects.update(stock=5)

    sandbox.clock.advance(seconds=60)
    sandbox.deliver()
    sync_order(pending)

    # The goods are not sold by a look.
    assert refreshed(pending).status == ("processing" if guarded else "paid")


# --- disputes -------------------------------------------------------------------------------------


@with_and_without_guard
def test_a_loss_of_which_nobody_hears(
    paid: Order, sandbox: Sandbox, find: Find, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispute = sandbox.open_dispute(paid.payment_intent_id or "")
    settle(paid, "disputed")
    if not guarded:
        monkeypatch.setattr(disputes, "open_issue", lambda *_, about: None)

    sandbox.close_dispute(dispute["id"], won=False)

    assert any("which is lost, but no issue" in one for one in find()) != guarded


@with_and_without_guard
def test_the_end_of_one_dispute_that_closes_the_issue_of_another(
    paid: Order, sandbox: Sandbox, find: Find, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_issues = disputes.close_issues
    if not guarded:
        monkeypatch.setattr(
            disputes, "close_issues", lambda change, reason, about: close_issues(change, reason)
        )
    for _time in range(2):
        sandbox.open_dispute(paid.payment_intent_id or "")

    sandbox.close_dispute(sandbox.disputes[1]["id"], won=True)

    assert any("needs_response, but no issue" in one for one in find()) != guarded


def test_an_answer_to_a_settled_dispute_opens_nothing(paid: Order, sandbox: Sandbox) -> None:
    """Without the comparison of is_open in _update, under_review opens it again."""
    dispute = sandbox.open_dispute(paid.payment_intent_id or "")
    settle(paid, "disputed")

    sandbox.set_dispute_status(dispute["id"], "under_review")

    assert issues(paid) == []


# --- stock ----------------------------------------------------------------------------------------


@with_and_without_guard
def test_items_that_come_back_twice(
    pending: Order,
    sandbox: Sandbox,
    mug: Product,
    guarded: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A refund fails after its mug came back, and another one of the same mug succeeds."""
    if not guarded:
        monkeypatch.setattr(restock, "_quantity_to_return", lambda row: row.quantity)
    sandbox.pay(pending.session_url)
    for number in range(2):
        refund_order(refreshed(pending), items={pending.items.get(): 1}, restock=True)
        if number == 0:
            sandbox.set_refund_status(sandbox.refunds[0], "failed")

    mug.refresh_from_db()
    assert mug.stock == (9 if guarded else 10)


@with_and_without_guard
def test_a_part_without_items_that_brings_all_back(
    paid: Order, sandbox: Sandbox, mug: Product, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        # As if every part were all that is left.
        monkeypatch.setattr(refunds, "amount_refundable", lambda order: 100)

    refund_order(paid, 100, restock=True)

    mug.refresh_from_db()
    assert mug.stock == (8 if guarded else 10)


@with_and_without_guard
def test_more_pieces_than_are_left(
    paid: Order, sandbox: Sandbox, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(refunds, "check_quantities", lambda *_: None)
    item = paid.items.get()
    refund_order(paid, items={item: 1})

    with suppress(RefundNotPossible):
        refund_order(paid, 100, items={item: 2})

    assert paid.refunds.count() == (1 if guarded else 2)
