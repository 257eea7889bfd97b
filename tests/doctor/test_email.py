"""E-mails and their backend, as the doctor shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django
import pytest
from django.utils import timezone

from django_stripe_cart.doctor.email import SMTP, diagnose_email
from django_stripe_cart.models import OrderEmail, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from tests.doctor.command import run_doctor

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("mailers", "sentence"),
    [
        ({"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}, "don't leave"),
        (
            {"default": {}},
            "ok     E-mails are sent by django.core.mail.backends.smtp",
        ),
        (
            {"default": {"BACKEND": "anymail.backends.ses.EmailBackend"}},
            "E-mails are sent by anymail",
        ),
        ({}, "look   No e-mail is sent: MAILERS has no “default”."),
    ],
)
def test_the_e_mail_backend_is_reported(
    healthy_site: Sandbox, mailers: dict[str, Any], sentence: str
) -> None:
    assert sentence in run_doctor(MAILERS=mailers)[0]


def test_e_mails_that_have_not_gone_out_are_counted(
    healthy_site: Sandbox, browser: Browser, mug: Product
) -> None:
    browser.add(mug)
    browser.check_out()
    order = browser.order
    early = timezone.now() - timedelta(hours=2)
    OrderEmail.objects.create(order=order, kind="paid", dedupe_key="paid", created=early)
    OrderEmail.objects.create(order=order, kind="failed", dedupe_key="failed")

    assert "look   Recent e-mails that were not sent: 1." in run_doctor(MAILERS={"default": {}})[0]


def test_the_backend_is_read_from_the_setting_that_this_django_has(settings: Any) -> None:
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": SMTP}}
    else:
        settings.EMAIL_BACKEND = SMTP

    assert f"E-mails are sent by {SMTP}." in [finding.text for finding in diagnose_email()]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        (["paid", "failed"], "Shoppers get these e-mails: paid, failed."),
        (False, "The shop sends no e-mails to shoppers: see STRIPE_CART_EMAILS."),
    ],
)
def test_the_kinds_of_e_mails_are_reported(
    healthy_site: Sandbox, setting: Any, sentence: str
) -> None:
    assert sentence in run_doctor(STRIPE_CART_EMAILS=setting)[0]


def test_the_default_sender_address_is_reported(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(DEFAULT_FROM_EMAIL="webmaster@localhost")

    assert is_healthy
    assert "E-mails come from webmaster@localhost, which many mail servers reject." in output
