"""Settling an issue: what staff decided, about one thing at a time."""

from __future__ import annotations

import pytest

from django_stripe_cart.attention import settle_issue
from django_stripe_cart.exceptions import OutOfStock
from django_stripe_cart.gateway import create_session
from django_stripe_cart.models import Order, Product
from django_stripe_cart.payments import sync_order
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.timeline import Cause
from tests.payments.test_sync import stock_of
from tests.support.host_rules import refuse_more_stock
from tests.support.orders import close_and_sell_out, issues, refreshed, settle

pytestmark = pytest.mark.database

ADA = Cause("staff", actor="ada")
BOB = Cause("staff", actor="bob")


# --- what is kept ---------------------------------------------------------------------------------


def test_who_settled_an_issue_is_kept_with_the_note(paid: Order) -> None:
    paid.issues.create(reason="unknown_money", about="cs_test_other")

    issue = settle_issue(paid.issues.get(), by=ADA, note="The shopper wants a second mug.")

    assert issue == paid.issues.get()
    assert (issue.settled_by, issue.note) == ("ada", "The shopper wants a second mug.")
    assert not issue.is_open
    assert issue.settled is not None
    assert issue.settled >= issue.opened
    entry = paid.events.get(kind="issue_settled")
    assert (entry.actor, entry.message, entry.about) == ("ada", "unknown_money", "cs_test_other")


def test_an_issue_settled_without_a_name_was_settled_by_staff(paid: Order) -> None:
    paid.issues.create(reason="unknown_money")

    assert settle_issue(paid.issues.get()).settled_by == "staff"


def test_names_and_notes_that_are_too_long_are_cut(paid: Order) -> None:
    paid.issues.create(reason="unknown_money")

    issue = settle_issue(paid.issues.get(), by=Cause("staff", actor="a" * 200), note="b" * 600)

    issue.refresh_from_db()
    assert (issue.settled_by, issue.note) == ("a" * 150, "b" * 500)


def test_other_issues_of_the_order_stay_open(paid: Order) -> None:
    settled = paid.issues.create(reason="refund_failed", about="re_1")
    paid.issues.create(reason="refund_failed", about="re_2")
    paid.issues.create(reason="disputed", about="dp_1")

    order = settle_issue(settled).order

    left = [(issue.reason, issue.about) for issue in order.open_issues]
    assert left == [("refund_failed", "re_2"), ("disputed", "dp_1")]


def test_an_issue_of_a_paid_order_changes_nothing_else_when_it_is_settled(
    paid: Order, signals_sent: list[str]
) -> None:
    paid.issues.create(reason="refund_failed", about="re_1")
    before = Order.objects.values().get(pk=paid.pk)

    order = settle(paid, "refund_failed")

    assert (order.status, issues(order), signals_sent) == ("paid", [], [])
    after = Order.objects.values().get(pk=paid.pk)
    assert after | {"version": before["version"]} == before


def test_an_issue_that_is_settled_twice_keeps_what_was_said_first(
    pending: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    Order.objects.update(total=1)
    sandbox.pay(pending.session_url)
    stale = pending.issues.get()
    first = settle_issue(stale, by=ADA, note="It is fine.")
    signals_sent.clear()

    second = settle_issue(stale, by=BOB, note="It is not.")

    assert (second.settled_by, second.note, second.settled) == ("ada", "It is fine.", first.settled)
    assert (second.order.status, signals_sent) == ("paid", [])
    assert pending.events.filter(kind="issue_settled").count() == 1


def test_an_issue_that_was_over_before_it_was_settled_names_nobody(
    pending: Order, sandbox: Sandbox
) -> None:
    Order.objects.update(total=1)
    sandbox.pay(pending.session_url)
    stale = pending.issues.get()
    refund_order(refreshed(pending))

    issue = settle_issue(stale, by=ADA, note="Accepted.")

    assert (issue.settled_by, issue.note, issue.order.status) == ("", "", "refunded")
    assert not pending.events.filter(kind="issue_settled").exists()


# --- orders that are held -------------------------------------------------------------------------


def test_another_amount_can_be_accepted(
    sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    Order.objects.update(total=1)
    sandbox.pay(pending.session_url)
    signals_sent.clear()

    accepted = settle(pending, "amount_mismatch", by=ADA)

    assert (accepted.status, accepted.held_for, issues(accepted)) == ("paid", "", [])
    assert signals_sent == ["order_paid"]
    assert accepted.events.get(kind="paid").actor == "ada"


@pytest.mark.parametrize(
    ("reason", "about"),
    [
        ("disputed", "dp_1"),
        ("unknown_money", "cs_test_other"),
        ("amount_mismatch", "cs_test_other"),
    ],
)
def test_an_order_stays_held_when_another_issue_is_settled(
    sandbox: Sandbox, pending: Order, signals_sent: list[str], reason: str, about: str
) -> None:
    Order.objects.update(total=1)
    sandbox.pay(pending.session_url)
    signals_sent.clear()

    order = settle_issue(pending.issues.create(reason=reason, about=about)).order

    assert (order.status, order.held_for, order.is_held) == ("processing", "amount_mismatch", True)
    assert (issues(order), signals_sent) == (["amount_mismatch"], [])


def test_a_payment_without_stock_is_accepted_only_with_the_goods(
    sandbox: Sandbox, pending: Order, mug: Product, signals_sent: list[str]
) -> None:
    close_and_sell_out(pending)
    sandbox.pay(pending.session_url)
    signals_sent.clear()

    with pytest.raises(OutOfStock):
        settle(pending, "paid_without_stock", by=ADA, note="Found two.")

    order = refreshed(pending)
    assert (order.status, order.held_for, signals_sent) == ("processing", "paid_without_stock", [])
    issue = order.issues.get()
    assert (issue.is_open, issue.settled_by, issue.note) == (True, "", "")
    assert not order.events.filter(kind="issue_settled").exists()

    Product.objects.update(stock=5)
    assert settle(pending, "paid_without_stock").status == "paid"
    assert stock_of(mug) == 3
    assert pending.items.get().stock_taken == 2


def test_another_amount_for_goods_that_are_gone_is_accepted_only_with_the_goods(
    sandbox: Sandbox, pending: Order
) -> None:
    close_and_sell_out(pending)
    Order.objects.update(total=1)
    sandbox.pay(pending.session_url)
    assert issues(pending) == ["amount_mismatch", "paid_without_stock"]

    order = settle(pending, "paid_without_stock")
    assert (order.status, order.is_held, issues(order)) == ("processing", True, ["amount_mismatch"])
    with pytest.raises(OutOfStock):
        settle(pending, "amount_mismatch")

    Product.objects.update(stock=2)
    assert settle(pending, "amount_mismatch").status == "paid"
    assert pending.items.get().stock_taken == 2


def test_another_amount_that_arrives_for_a_held_order_has_to_be_accepted_too(
    sandbox: Sandbox, pending: Order
) -> None:
    close_and_sell_out(pending)
    sandbox.pay_by_bank_debit(pending.session_url)
    assert issues(pending) == ["paid_without_stock"]
    Order.objects.update(total=1)

    sandbox.settle(pending.session_id)
    assert issues(pending) == ["amount_mismatch", "paid_without_stock"]

    Product.objects.update(stock=2)
    assert settle(pending, "paid_without_stock").status == "processing"
    assert settle(pending, "amount_mismatch").status == "paid"
    sync_order(pending)
    assert issues(pending) == []


def test_a_debit_that_is_still_clearing_is_not_paid_by_settling_its_hold(
    browser: Browser, sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    close_and_sell_out(pending)
    sandbox.pay_by_bank_debit(pending.session_url)
    assert browser.order.is_held
    Product.objects.update(stock=2)
    signals_sent.clear()

    settled = settle(pending, "paid_without_stock")
    assert (settled.status, settled.held_for, signals_sent) == ("processing", "", [])

    sandbox.settle(pending.session_id)
    assert (browser.order.status, signals_sent) == ("paid", ["order_paid"])


def test_a_debit_that_is_still_clearing_is_not_paid_by_settling_a_second_payment(
    browser: Browser, sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    sandbox.pay_by_bank_debit(pending.session_url)
    second = create_session(browser.order.session_params, idempotency_key="second")
    sandbox.pay(second.id)
    assert (browser.order.status, issues(pending)) == ("processing", ["unknown_money"])
    assert not browser.order.is_held
    signals_sent.clear()

    settled = settle(pending, "unknown_money")
    assert (settled.status, issues(settled), signals_sent) == ("processing", [], [])

    sandbox.settle(pending.session_id)
    assert (browser.order.status, signals_sent) == ("paid", ["order_paid"])


def test_a_failed_bank_debit_ends_the_hold_and_its_issue(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    close_and_sell_out(pending)
    sandbox.pay_by_bank_debit(pending.session_url)
    assert (browser.order.status, issues(pending)) == ("processing", ["paid_without_stock"])

    sandbox.settle(pending.session_id, ok=False)

    assert (browser.order.status, browser.order.held_for) == ("failed", "")
    assert (issues(pending), pending.issues.get().settled_by) == ([], "")


# --- stock that could not be returned -------------------------------------------------------------


def test_stock_of_a_closed_order_that_staff_has_counted_is_not_returned_again(
    sandbox: Sandbox, pending: Order, mug: Product
) -> None:
    refuse_more_stock(mug)
    sandbox.expire(pending.session_id)
    counted = stock_of(mug)

    order = settle(pending, "stock_not_returned", by=ADA, note="Counted.")

    assert (order.status, order.items.get().stock_taken) == ("expired", 0)
    assert stock_of(mug) == counted


def test_an_order_that_still_sells_goods_holds_the_stock_of_those_that_staff_did_not_count(
    sandbox: Sandbox, paid: Order, mug: Product
) -> None:
    refuse_more_stock(mug)
    refund_order(paid, items={paid.items.get(): 1}, restock=True)
    assert issues(paid) == ["stock_not_returned"]

    order = settle(paid, "stock_not_returned")

    assert (order.status, order.items.get().stock_taken) == ("paid", 1)
