"""Callbacks after a commit, and a mail server that refuses every message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.test import TestCase

committed = TestCase.captureOnCommitCallbacks


def subjects() -> list[str]:
    return [message.subject for message in mail.outbox]


@contextmanager
def failing_mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Refuse each message, with an error that names the address of the shopper."""
    tried: list[Any] = []

    def refuse(backend: EmailBackend, messages: list[EmailMessage]) -> int:
        (message,) = messages
        tried.append(message)
        raise ConnectionRefusedError(f"550 {message.to[0]}: no such user, password 'hunter2'")

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", refuse)
        yield tried
