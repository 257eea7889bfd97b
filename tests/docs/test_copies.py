"""Copies of a database, tenants and locks: the settings that the pages show do what they say."""

from __future__ import annotations

from contextlib import closing
from io import StringIO
from typing import Any

import django
import pytest
from django.core import mail
from django.core.management import call_command
from django.db import ConnectionHandler, connection
from django.test import override_settings
from django.utils import timezone

from django_stripe_cart.models import Order, OrderEmail, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.sandbox import connected_sandbox
from tests.docs.namespace import namespace
from tests.docs.pages import examples
from tests.support.orders import check_out

pytestmark = pytest.mark.database

# By vendor: what the comment of the example names, how to read the limit, and the limit.
LOCK_LIMITS = {
    "postgresql": ("on PostgreSQL", "SHOW lock_timeout", "9s"),
    "mysql": ("on MariaDB", "SELECT @@innodb_lock_wait_timeout", 9),
}


def run(text: str) -> dict[str, Any]:
    """Run the one example that contains this text, and return its variables."""
    (example,) = [one for one in examples("python") if text in one.text]
    variables = namespace()
    exec(example.text.replace("…", "123"), variables)
    return variables


def shown_settings(text: str) -> dict[str, Any]:
    """Return the settings of the shop, and of e-mails, in the one example with this text."""
    prefixes = ("STRIPE_CART_", "EMAIL_")
    return {name: value for name, value in run(text).items() if name.startswith(prefixes)}


def staging() -> override_settings:
    """Return the settings of the staging site, for the installed version of Django."""
    shown = shown_settings("# settings of the staging site")
    backend = shown.pop("EMAIL_BACKEND")
    if django.VERSION >= (6, 1):
        return override_settings(**shown, MAILERS={"default": {"BACKEND": backend}})
    return override_settings(**shown, EMAIL_BACKEND=backend)


def test_a_copy_with_the_settings_of_the_page_sends_no_e_mail(
    paid: Order, capsys: pytest.CaptureFixture[str]
) -> None:
    OrderEmail.objects.update(sent_at=None, claimed_at=None, due_at=timezone.now())
    mail.outbox.clear()

    with staging(), connected_sandbox():
        call_command("stripe_cart_sync", stdout=StringIO())

    assert mail.outbox == []
    assert f"To: {paid.email}" in capsys.readouterr().out


def test_the_payments_of_a_tenant_have_its_id(
    browser: Browser, sandbox: Sandbox, mug: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "schema_name", "one", raising=False)

    with override_settings(**shown_settings("lambda: connection.schema_name")):
        check_out(browser, mug)

    (session,) = sandbox.sessions
    assert session["metadata"]["stripe_cart_shop"] == "one"


@pytest.mark.not_on("sqlite")
def test_the_database_takes_the_limit_of_the_wait_for_a_lock(db: None) -> None:
    comment, query, limit = LOCK_LIMITS[connection.vendor]
    options = run(comment)["DATABASES"]["default"]["OPTIONS"]

    other = ConnectionHandler({"default": {**connection.settings_dict, "OPTIONS": options}})
    with closing(other["default"]), other["default"].cursor() as cursor:
        cursor.execute(query)
        shown = cursor.fetchone()

    assert shown == (limit,)
