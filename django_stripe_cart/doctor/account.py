"""Diagnosis of the secret key and its Stripe account."""

from __future__ import annotations

from collections.abc import Iterator

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.clock import report_clock
from django_stripe_cart.doctor.finding import Finding, advice, good, wrong
from django_stripe_cart.exceptions import PaymentError, PaymentNotConfigured


def diagnose_account() -> Iterator[Finding]:
    """Report whether Stripe accepts the secret key, and whether its account can take payments.

    Also report whether this machine's clock agrees with Stripe's.
    """
    if not conf.secret_key:
        yield advice("Stripe was not contacted: there is no key.")
        return
    yield _report_mode()
    try:
        found = gateway.retrieve_account()
    except PaymentError as error:
        yield _report_error(error)
        yield from report_clock(error.sent_at)
        return
    yield good(f"Payments go to {found.id} ({found.name or 'no name'}, {found.country}).")
    if not found.takes_payments:
        yield wrong(
            "This account can't take payments yet.",
            next="Complete its setup at dashboard.stripe.com/account/onboarding.",
        )
    yield from report_clock(found.sent_at)


def _report_mode() -> Finding:
    """Report whether the shop uses a sandbox, a live key or a test key.

    Only a live key charges real money.
    """
    if conf.api_base:
        return good(f"The sandbox at {conf.api_base} is used in place of Stripe.")
    if conf.livemode:
        return good("The key is live: real money is charged.")
    return good("The key is a test key: no real money is charged.")


def _report_error(error: PaymentError) -> Finding:
    """Report why Stripe did not return the account."""
    if not isinstance(error, PaymentNotConfigured):
        hint = "Is the sandbox running? python manage.py stripe_sandbox" if conf.api_base else ""
        return wrong(f"Stripe can't be reached: {error} {error.stripe_code}".rstrip(), next=hint)
    if conf.secret_key.startswith("rk_"):
        return advice(
            "This restricted key may not read the account, or Stripe rejects it.",
            next="It must be allowed to write Checkout Sessions and Refunds, and to read "
            "PaymentIntents, Disputes and Events.",
        )
    return wrong(
        f"Stripe rejects the key. {error.stripe_code}".rstrip(),
        next="Copy a secret key from dashboard.stripe.com/apikeys.",
    )
