"""The messages of the checks for given settings."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, run_checks
from django.test import override_settings

PREFIX = "stripe_cart."


def check_messages(*, databases: list[str] | None = None, **settings: Any) -> list[CheckMessage]:
    with override_settings(**settings):
        messages = run_checks(databases=databases)
        return [message for message in messages if str(message.id).startswith(PREFIX)]


def message_ids(**settings: Any) -> list[str]:
    return [str(message.id).removeprefix(PREFIX) for message in check_messages(**settings)]
