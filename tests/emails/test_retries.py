"""Retries after a mail server refuses or a process dies, and e-mails resent by staff."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.models import F
from django.utils import timezone

from django_stripe_cart.emails import resend_email, send_pending_emails
from django_stripe_cart.emails.outbox import MAX_FAILURES, RETRY_DELAYS, deliver
from django_stripe_cart.exceptions import EmailNotSent
from django_stripe_cart.models import Order, OrderEmail, OrderIssue
from django_stripe_cart.models.order_email import GIVE_UP_AFTER, REPORT_AFTER, RETRY_AFTER
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.timeline import Cause
from tests.support.emails import committed, failing_mail_server, subjects
from tests.support.logs import formatted, package_records

pytestmark = pytest.mark.database

BY_ADA = Cause("staff", actor="ada")


@pytest.fixture
def unsent(pending: Order, sandbox: Sandbox) -> OrderEmail:
    """The process died after its commit, an hour ago."""
    with committed():
        sandbox.pay(pending.session_url)
    advance_time(RETRY_AFTER)
    return OrderEmail.objects.get()


def advance_time(time: timedelta) -> None:
    earlier = {name: F(name) - time for name in ("created", "due_at")}
    OrderEmail.objects.update(**earlier)


def kinds(order: Order) -> list[str]:
    return [event.kind for event in order.events.filter(kind__startswith="email")]


def test_a_mail_server_that_refuses_breaks_no_payment(
    pending: Order,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with failing_mail_server(monkeypatch) as tried, committed(execute=True):
        sandbox.pay(pending.session_url)

    order = Order.objects.get(pk=pending.pk)
    assert len(tried) == 1
    assert order.status == "paid"
    assert kinds(order) == ["email_failed"]
    assert "ConnectionRefusedError" in caplog.text
    for secret in ("hunter2", order.email):
        assert secret not in caplog.text
        assert not order.events.filter(message__contains=secret).exists()


def test_the_next_sync_sends_what_was_refused(
    unsent: OrderEmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing_mail_server(monkeypatch):
        assert [was_sent for _email, was_sent in send_pending_emails()] == [False]
        advance_time(RETRY_DELAYS[0])
        assert [was_sent for _email, was_sent in send_pending_emails()] == [False]
        advance_time(RETRY_DELAYS[1])

    out = StringIO()
    call_command("stripe_cart_sync", stdout=out)

    assert f"{unsent.order.reference} e-mail paid: sent" in out.getvalue()
    assert len(mail.outbox) == 1
    # One word of it is enough.
    assert kinds(unsent.order) == ["email_failed", "email_sent"]


def test_a_dry_run_sends_nothing(unsent: OrderEmail) -> None:
    call_command("stripe_cart_sync", "--dry-run", stdout=StringIO())

    assert mail.outbox == []


def test_a_server_that_always_refuses_is_left_in_peace(
    unsent: OrderEmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing_mail_server(monkeypatch) as tried:
        for minute in range(0, 2 * 24 * 60, 5):
            list(send_pending_emails())
            list(send_pending_emails())
            if minute == 0:
                assert len(tried) == 1
            advance_time(timedelta(minutes=5))

    assert len(tried) == 1 + len(RETRY_DELAYS)
    assert OrderEmail.objects.overdue().get() == unsent


def test_a_server_that_is_away_is_not_asked_for_every_one(
    unsent: OrderEmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [OrderEmail(order=unsent.order, kind="paid", dedupe_key=f"{n}") for n in range(9)]
    OrderEmail.objects.bulk_create(others)
    advance_time(RETRY_AFTER)

    with failing_mail_server(monkeypatch) as tried:
        list(send_pending_emails())
    assert len(tried) == MAX_FAILURES

    assert len(list(send_pending_emails())) == 10 - MAX_FAILURES


def test_what_is_just_being_sent_is_left_alone(unsent: OrderEmail) -> None:
    advance_time(timedelta(seconds=-1))

    assert list(send_pending_emails()) == []


def test_what_is_long_past_is_left_alone(unsent: OrderEmail) -> None:
    advance_time(GIVE_UP_AFTER)

    assert list(send_pending_emails()) == []
    assert mail.outbox == []


def test_an_e_mail_claimed_by_a_crashed_process_is_not_sent_again(unsent: OrderEmail) -> None:
    OrderEmail.objects.update(claimed_at=timezone.now() - timedelta(minutes=50))

    assert list(send_pending_emails()) == []
    assert mail.outbox == []


def test_an_error_of_the_database_is_no_error_of_the_payment(
    pending: Order, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> None:
        raise OperationalError(f"The row of {pending.email} is gone away")

    with committed() as callbacks:
        sandbox.pay(pending.session_url)
    with connection.execute_wrapper(fail):
        for callback in callbacks:
            callback()

    (said,) = formatted(package_records(caplog.records)[-1:])
    assert "waits for the next sync: OperationalError" in said
    assert "@" not in said


def test_a_mistake_in_a_template_is_found_in_the_log(
    unsent: OrderEmail, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    write_subject(settings, "{% discount %}")

    assert deliver(unsent) is False

    assert "Invalid block tag on line 1: 'discount'" in caplog.text
    assert unsent.order.email not in caplog.text
    assert kinds(unsent.order) == ["email_failed"]


def test_what_a_template_stumbled_over_is_not_in_the_log(
    unsent: OrderEmail, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    write_subject(settings, "{% url order.email %}")

    assert deliver(unsent) is False

    said = "\n".join(formatted(caplog.records))
    assert "is not written: NoReverseMatch\n" in said
    assert unsent.order.email not in said


def write_subject(settings: Any, text: str) -> None:
    """A host's own template."""
    words = {"stripe_cart/emails/paid_subject.txt": text}
    loader = ("django.template.loaders.locmem.Loader", words)
    template = {**settings.TEMPLATES[0], "APP_DIRS": False}
    template["OPTIONS"] = {**template["OPTIONS"], "loaders": [loader]}
    settings.TEMPLATES = [template]


# --- again --------------------------------------------------------------------------------------


def test_resending_an_e_mail_records_the_staff_user_in_the_timeline(unsent: OrderEmail) -> None:
    deliver(unsent)

    resend_email(unsent.order, by=BY_ADA)

    assert subjects() == [f"Your order {unsent.order.number} is paid"] * 2
    last = unsent.order.events.last()
    assert last is not None
    assert (last.kind, last.actor, last.message) == ("email_sent", "ada", "paid")


def test_what_staff_sent_is_not_sent_once_more_by_the_sync(unsent: OrderEmail) -> None:
    resend_email(unsent.order, by=BY_ADA)

    assert list(send_pending_emails()) == []
    assert len(mail.outbox) == 1


def test_an_e_mail_resent_by_staff_during_a_failed_delivery_is_not_retried(
    unsent: OrderEmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_after_staff(backend: EmailBackend, messages: list[Any]) -> int:
        again.undo()
        resend_email(unsent.order, by=BY_ADA)
        raise ConnectionRefusedError

    with monkeypatch.context() as again:
        again.setattr(EmailBackend, "send_messages", refuse_after_staff)
        assert deliver(unsent) is False
    advance_time(RETRY_DELAYS[0])

    assert list(send_pending_emails()) == []
    assert len(mail.outbox) == 1


def test_resending_repeats_the_e_mail_of_the_last_refund(unsent: OrderEmail) -> None:
    refund_order(unsent.order, 800)
    order = refund_order(unsent.order)
    mail.outbox.clear()

    resend_email(order, by=BY_ADA)

    assert "₹990.00" in mail.outbox[0].body


def test_about_some_orders_there_is_nothing_to_say(pending: Order) -> None:
    with pytest.raises(EmailNotSent, match="There is no e-mail"):
        resend_email(pending)


def test_without_an_address_it_can_not_be_sent(unsent: OrderEmail) -> None:
    Order.objects.update(email="")

    with pytest.raises(EmailNotSent, match="no e-mail address"):
        resend_email(unsent.order)


def test_again_but_the_server_refuses(unsent: OrderEmail, monkeypatch: pytest.MonkeyPatch) -> None:
    with failing_mail_server(monkeypatch), pytest.raises(EmailNotSent, match="could not be sent"):
        resend_email(unsent.order, by=BY_ADA)

    assert kinds(unsent.order) == ["email_failed"]


def test_the_owner_of_the_order_sees_nothing_of_this(
    unsent: OrderEmail, user: User, browser: Browser
) -> None:
    deliver(unsent)

    page = browser.client.get(unsent.order.get_absolute_url()).content.decode()

    assert "mail" not in page.partition("Order timeline")[2].partition("</ol>")[0].lower()


def test_what_nobody_needs_any_more_is_not_overdue(unsent: OrderEmail) -> None:
    """The issue was settled before the mail server answered."""
    settled = OrderIssue.objects.create(
        order=unsent.order, reason="review", is_open=None, settled=timezone.now()
    )
    OrderEmail.objects.update(kind="issue", issue=settled)
    advance_time(REPORT_AFTER)

    assert list(send_pending_emails()) == []
    assert not OrderEmail.objects.overdue().exists()
