"""Middleware that the shop needs."""

from __future__ import annotations

import pytest
from django.conf import settings as site
from django.contrib.auth.middleware import AuthenticationMiddleware

from tests.checks.messages import check_messages, message_ids


class OwnAuthentication(AuthenticationMiddleware):
    pass


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("W017", "django.contrib.auth.middleware.AuthenticationMiddleware"),
        ("W018", "django.contrib.sessions.middleware.SessionMiddleware"),
        ("W019", "django.contrib.messages.middleware.MessageMiddleware"),
    ],
)
def test_a_middleware_that_is_missing_is_reported(number: str, name: str) -> None:
    others = [path for path in site.MIDDLEWARE if path != name]

    (message,) = check_messages(MIDDLEWARE=others)

    assert message.id == f"stripe_cart.{number}"
    assert name in str(message.hint)


def test_a_hosts_own_middleware_counts_as_what_it_is_built_on() -> None:
    theirs = "tests.checks.test_environment.OwnAuthentication"
    ours = "django.contrib.auth.middleware.AuthenticationMiddleware"

    replaced = [theirs if path == ours else path for path in site.MIDDLEWARE]

    # The admin insists on the original; that is its own affair.
    assert message_ids(MIDDLEWARE=replaced) == []


def test_a_middleware_that_can_not_be_loaded_is_left_to_django() -> None:
    assert message_ids(MIDDLEWARE=["nowhere.Middleware", *site.MIDDLEWARE]) == []
