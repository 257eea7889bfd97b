"""Stories in which a shop could lose sight of money: clocks, keys, backups and a missing cron.

At the end of each, every payment, refund and dispute at Stripe stands on an order, or among the
events that the doctor and the admin show.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection, models
from django.urls import reverse
from django.utils import timezone

from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import Dispute, Order, Refund, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.invariants import violations
from tests.support.clock import age_cursors, age_rows, age_rows_and_sandbox

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]

MakeOrder = Callable[..., Order]

DAY = timedelta(days=1)


def sync() -> tuple[bool, str]:
    """Run ``stripe_cart_sync``, and return whether its exit code is 0, and what it prints."""
    output = StringIO()
    try:
        call_command("stripe_cart_sync", stdout=output, stderr=output)
    except CommandError as error:
        return False, f"{output.getvalue()}{error}"
    return True, output.getvalue()


def refund_and_dispute(sandbox: Sandbox, order: Order) -> None:
    """Refund a part in Stripe's Dashboard, and let the bank ask about the payment."""
    sandbox.refund(str(order.payment_intent_id), 100)
    sandbox.open_dispute(str(order.payment_intent_id), is_inquiry=True)


def unseen(sandbox: Sandbox) -> list[str]:
    """Ids at Stripe of what stands neither on an order nor among the waiting events."""
    recorded = {
        *Order.objects.exclude(amount_paid=0).values_list("payment_intent_id", flat=True),
        *Refund.objects.values_list("stripe_id", flat=True),
        *Dispute.objects.values_list("stripe_id", flat=True),
        *WebhookEvent.objects.unprocessed().values_list("object_id", flat=True),
    }
    kept = {session["payment_intent"] for session in sandbox.sessions if session["id"] in recorded}
    charges = {charge["id"]: charge["payment_intent"] for charge in sandbox.charges}
    kept |= {charges[id] for id in recorded if id in charges}
    objects = {
        *(intent["id"] for intent in sandbox.payment_intents if intent["status"] == "succeeded"),
        *(refund["id"] for refund in sandbox.refunds if refund["payment_intent"] not in kept),
        *(dispute["id"] for dispute in sandbox.disputes),
    }
    return sorted(objects - recorded - kept)


@pytest.fixture
def dump(tmp_path: Path) -> Callable[[], Path]:
    """Write all rows of the shop to a file, as a backup has them, and return its path."""

    def dump() -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        call_command("dumpdata", "stripe_cart", output=str(path))
        return path

    return dump


def delete_rows() -> None:
    """Delete all rows of the shop."""
    tables: list[type[models.Model]] = list(apps.get_app_config("stripe_cart").get_models())
    while tables:
        table = tables.pop(0)
        try:
            table._base_manager.all().delete()
        except models.ProtectedError:
            tables.append(table)


def restore(backup: Path) -> None:
    """Replace all rows of the shop by those of a backup."""
    delete_rows()
    call_command("loaddata", str(backup), verbosity=0)


def test_40_days_without_cron_and_webhooks(silent: Sandbox, make_order: MakeOrder) -> None:
    assert sync()[0]
    orders = [make_order("paid"), make_order("fulfilled"), make_order("pending")]
    for order in orders[:2]:
        refund_and_dispute(silent, order)
    silent.pay(orders[2].session_url)
    age_rows_and_sandbox(silent, 40 * DAY)

    is_well, output = sync()

    assert "Stripe keeps events for 30 days" in output
    assert (is_well, "nothing is missing any more" in output) == (True, True)
    assert sync()[0]
    assert unseen(silent) == []
    assert violations(silent) == []


def test_a_gap_with_orders_that_stripe_does_not_find_is_not_said_to_be_whole(
    silent: Sandbox, make_order: MakeOrder
) -> None:
    assert sync()[0]
    make_order("paid")
    age_rows_and_sandbox(silent, 40 * DAY)
    Order.objects.update(session_id="cs_test_of_another_account")

    is_well, output = sync()

    assert not is_well
    assert "nothing is missing any more" not in output
    assert "Stripe does not find 1 of the orders" in output


def test_the_first_cron_runs_on_day_5(silent: Sandbox, make_order: MakeOrder) -> None:
    order = make_order("paid")
    refund_and_dispute(silent, order)
    age_rows_and_sandbox(silent, 5 * DAY)

    assert sync()[0]

    assert unseen(silent) == []
    assert violations(silent) == []


def test_our_clock_is_20_minutes_fast_and_then_right(
    silent: Sandbox, make_order: MakeOrder
) -> None:
    silent.clock.advance(minutes=-20)
    first, second = make_order("paid"), make_order("paid")
    for order in (first, second):
        assert sync()[0]
        refund_and_dispute(silent, order)
        age_rows_and_sandbox(silent, timedelta(minutes=5))
    assert sync()[0]
    silent.clock.advance(minutes=20)

    assert sync()[0]

    assert unseen(silent) == []
    assert violations(silent) == []


@pytest.mark.parametrize("hours", [0, 2], ids=["its page is open", "its page has expired"])
def test_a_day_with_another_accounts_key(
    silent: Sandbox, make_order: MakeOrder, settings: Any, hours: int
) -> None:
    assert sync()[0]
    paid, pending = make_order("paid"), make_order("pending")
    mine = settings.STRIPE_CART_SECRET_KEY
    settings.STRIPE_CART_SECRET_KEY = "sk_test_of_another_account"
    silent.pay(pending.session_url)
    refund_and_dispute(silent, paid)
    age_rows_and_sandbox(silent, timedelta(hours=hours, minutes=45))
    with transport(Sandbox().http_client()):
        is_well, output = sync()
        assert is_well is (hours == 2)  # it is closed then, until the right key is back
        assert str(pending.reference) in output
    settings.STRIPE_CART_SECRET_KEY = mine

    assert sync()[0]

    assert Order.objects.get(pk=pending.pk).status == "paid"
    assert unseen(silent) == []
    assert violations(silent) == []


def test_yesterdays_backup_with_a_new_secret_key(
    silent: Sandbox, make_order: MakeOrder, settings: Any, dump: Callable[[], Path]
) -> None:
    sync()
    before, waiting = make_order("paid"), make_order("pending")
    backup = dump()
    silent.pay(waiting.session_url)
    age_rows_and_sandbox(silent, DAY / 2)
    later = make_order("paid")
    for order in (before, later):
        refund_and_dispute(silent, order)
    sync()
    restore(backup)
    age_rows(DAY / 2)
    age_cursors(DAY / 2)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next one"

    is_well, output = sync()

    assert not is_well
    assert "failed" in output
    assert Order.objects.get(pk=waiting.pk).status == "paid"
    assert not Order.objects.filter(reference=later.reference).exists()
    errors = WebhookEvent.objects.unprocessed().values_list("error", flat=True)
    assert errors
    assert all(str(later.reference) in error for error in errors)
    assert unseen(silent) == []


def test_two_tenants_at_one_account(
    sandbox: Sandbox, make_order: MakeOrder, settings: Any, dump: Callable[[], Path]
) -> None:
    """The second tenant's tables are empty when the events of the first one's order arrive."""
    settings.STRIPE_CART_SHOP_ID = "one"
    sandbox.hold_deliveries = True
    order = make_order("paid")
    refund_and_dispute(sandbox, order)
    first = dump()
    delete_rows()
    settings.STRIPE_CART_SHOP_ID = "two"

    sandbox.hold_deliveries = False
    sandbox.deliver()
    is_well, _output = sync()

    assert is_well
    assert not WebhookEvent.objects.unprocessed().exists()
    restore(first)
    settings.STRIPE_CART_SHOP_ID = "one"
    assert sync()[0]
    assert unseen(sandbox) == []
    assert violations(sandbox) == []


def test_staging_with_a_dump_of_production(
    silent: Sandbox, make_order: MakeOrder, settings: Any, dump: Callable[[], Path]
) -> None:
    """Staging has its own keys: it records nothing, and sends nothing to production's account."""
    sync()
    paid, pending = make_order("paid"), make_order("pending")
    production = dump()
    requests = len(silent.requests)
    mine = settings.STRIPE_CART_SECRET_KEY
    settings.STRIPE_CART_SECRET_KEY = "sk_test_of_staging"
    with transport(Sandbox().http_client()):
        age_rows_and_sandbox(silent, timedelta(minutes=45))
        sync()
        assert Order.objects.get(pk=pending.pk).status == "pending"
        age_rows_and_sandbox(silent, timedelta(hours=2))
        sync()
    assert len(silent.requests) == requests
    restore(production)
    settings.STRIPE_CART_SECRET_KEY = mine
    silent.pay(pending.session_url)
    refund_and_dispute(silent, paid)

    Order.objects.update(placed_at=timezone.now() - DAY, synced_at=None)
    sync()

    assert unseen(silent) == []


# --- a database that can't be written to --------------------------------------------------------


def read_only() -> Any:
    """Return a context in which each write to the database fails, as on a full disk."""

    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, *rest)

    return connection.execute_wrapper(refuse)


@pytest.mark.parametrize("page", ["order", "checkout_return"])
def test_a_shopper_who_has_paid_sees_the_order_in_a_read_only_database(
    browser: Browser,
    silent: Sandbox,
    pending: Order,
    page: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    silent.pay(pending.session_url)

    with read_only():
        answer = browser.client.get(reverse(f"stripe_cart:{page}", args=[pending.reference]))

    assert answer.status_code in (200, 303)
    assert f"Order {pending.reference} could not be synced" in caplog.text
    assert browser.client.get(pending.get_absolute_url()).status_code == 200
    assert Order.objects.get().status == "paid"


def test_a_webhook_that_meets_a_full_disk_is_processed_when_it_comes_again(
    sandbox: Sandbox, pending: Order
) -> None:
    with read_only():
        sandbox.pay(pending.session_url)
    assert Order.objects.get().status == "pending"

    sandbox.deliver()
    sandbox.clock.advance(days=1)  # Stripe sends it again

    assert Order.objects.get().status == "paid"
    assert violations(sandbox) == []


# --- ten thousand orders ------------------------------------------------------------------------


def test_10_000_overdue_orders_and_a_silent_stripe(silent: Sandbox, make_order: MakeOrder) -> None:
    paid = make_order("paid")
    hour_ago = timezone.now() - timedelta(hours=1)
    Order.objects.bulk_create(
        Order(
            currency="inr",
            total=100,
            status="processing",
            session_id=f"cs_test_{number}",
            placed_at=hour_ago,
            api_key_digest=paid.api_key_digest,
        )
        for number in range(10_000)
    )
    mail.outbox.clear()
    paid.emails.update(claimed_at=None, sent_at=None, due_at=hour_ago)
    silent.faults.add("*", kind="timeout_before", times=None)
    before = len(silent.requests)

    is_well, output = sync()

    assert not is_well
    assert "9997 are left for the next run" in output
    assert len(silent.requests) - before == 4 * 3  # the events and three orders, with retries
    assert [message.to for message in mail.outbox] == [[paid.email]]
