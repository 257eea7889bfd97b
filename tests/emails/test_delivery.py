"""Delivery over SMTP to a server that accepts messages, and to one that never answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import django
import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from django_stripe_cart.emails import delivery, resend_email, send_pending_emails
from django_stripe_cart.emails.delivery import DEFAULT_TIMEOUT, get_mailer
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Order, OrderEmail, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from tests.support.emails import committed

SMTP = "django.core.mail.backends.smtp.EmailBackend"


def smtp_settings(port: int, **options: Any) -> override_settings:
    """The host's settings for SMTP, as each version of Django names them."""
    if django.VERSION >= (6, 1):
        where = {"host": "127.0.0.1", "port": port, **options}
        return override_settings(MAILERS={"default": {"BACKEND": SMTP, "OPTIONS": where}})
    older = {f"EMAIL_{name.upper()}": value for name, value in options.items()}
    return override_settings(EMAIL_BACKEND=SMTP, EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, **older)


@pytest.fixture
def smtp_socket() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def receive_message(
    smtp_socket: socket.socket, taken: list[bytes], answer: bytes | None = b"250"
) -> None:
    """Receive one message by SMTP, and send ``answer`` or close the connection."""
    line, _address = smtp_socket.accept()
    with line, line.makefile("rb") as said:
        line.sendall(b"220 ready\r\n")
        for command in said:
            verb = command[:4].upper()
            line.sendall(b"354 go on\r\n" if verb == b"DATA" else b"250 fine\r\n")
            if verb == b"DATA":
                lines = iter(said.readline, b".\r\n")
                taken.append(b"".join(lines))
                if answer is None:
                    return
                line.sendall(answer + b" so be it\r\n")
            if verb == b"QUIT":
                return


def test_a_letter_goes_out_as_text_and_html(paid: Order, smtp_socket: socket.socket) -> None:
    taken: list[bytes] = []
    server = threading.Thread(target=receive_message, args=(smtp_socket, taken), daemon=True)
    server.start()

    with (
        smtp_settings(smtp_socket.getsockname()[1]),
        override_settings(DEFAULT_FROM_EMAIL="s@s.example"),
    ):
        resend_email(paid)
    server.join(10)

    message = message_from_bytes(taken[0], policy=default)
    assert message["To"] == paid.email
    assert message["From"] == "s@s.example"
    assert message["Subject"] == f"Your order {paid.number} is paid"
    assert message.get_content_type() == "multipart/alternative"
    parts = [part.get_content_type() for part in message.iter_parts()]
    assert parts == ["text/plain", "text/html"]


def test_a_server_that_never_answers_is_not_waited_for_long(
    paid: Order, smtp_socket: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "DEFAULT_TIMEOUT", 0.3)
    before = time.monotonic()

    with smtp_settings(smtp_socket.getsockname()[1]), committed(execute=True):
        order = fulfill_order(paid)

    assert time.monotonic() - before < 5
    assert order.status == "fulfilled"
    assert [event.kind for event in order.events.filter(kind__startswith="email")] == [
        "email_failed"
    ]


@pytest.mark.parametrize(
    ("answer", "is_tried_again"), [(b"250", False), (b"451", True), (b"550", True), (None, False)]
)
def test_only_what_was_certainly_refused_is_tried_again(
    paid: Order, smtp_socket: socket.socket, answer: bytes | None, is_tried_again: bool
) -> None:
    taken: list[bytes] = []
    server = threading.Thread(
        target=receive_message, args=(smtp_socket, taken, answer), daemon=True
    )
    server.start()
    with smtp_settings(smtp_socket.getsockname()[1]), committed(execute=True):
        fulfill_order(paid)
    server.join(10)
    assert len(taken) == 1

    OrderEmail.objects.filter(kind="fulfilled").update(due_at=timezone.now())

    again = [email.kind for email, _was_sent in send_pending_emails()]
    assert again == ["fulfilled"] * is_tried_again


def test_without_a_mailer_there_is_no_error(paid: Order) -> None:
    nowhere: dict[str, Any] = {"EMAIL_BACKEND": "nowhere.EmailBackend"}
    if django.VERSION >= (6, 1):
        nowhere = {"MAILERS": {}}

    with override_settings(**nowhere), committed(execute=True):
        order = fulfill_order(paid)

    assert order.events.filter(kind="email_failed").count() == 1


@pytest.mark.parametrize(("given", "expected"), [(None, DEFAULT_TIMEOUT), (3, 3), (40, 40)])
def test_a_host_says_how_long_to_wait(given: int | None, expected: int) -> None:
    with smtp_settings(2525, timeout=given):
        assert get_mailer().timeout == expected


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_server_answers(
    browser: Browser, sandbox: Sandbox, mug: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_then: list[bool] = []

    def look(backend: EmailBackend, messages: list[EmailMessage]) -> int:
        open_then.append(connection.in_atomic_block)
        return 1

    monkeypatch.setattr(EmailBackend, "send_messages", look)
    browser.add(mug)
    browser.check_out()

    sandbox.pay(browser.order.session_url)  # by the webhook, in a host with ATOMIC_REQUESTS
    fulfill_order(browser.order)
    resend_email(browser.order)

    assert open_then == [False, False, False]
