"""The secret key, its mode, and the Stripe account that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.finding import Finding, advice, good, wrong
from django_stripe_cart.exceptions import PaymentError, PaymentNotConfigured

KEYS_HINT = "Take a secret key from dashboard.stripe.com/apikeys."


def account() -> Iterator[Finding]:
    if not conf.secret_key:
        yield advice("Stripe was not contacted: there is no key.")
        return
    yield _mode()
    try:
        found = gateway.retrieve_account()
    except PaymentError as error:
        yield _explain_error(error)
        return
    yield good(f"The money goes to {found.id} ({found.name or 'without a name'}, {found.country}).")
    if not found.takes_payments:
        yield wrong(
            "Stripe takes no payments for this account yet.",
            next="Finish it at dashboard.stripe.com/account/onboarding.",
        )


def _mode() -> Finding:
    if conf.api_base:
        return good(f"Stripe is played by the sandbox at {conf.api_base}.")
    if conf.livemode:
        return good("The key is live: real money moves.")
    return good("The key is a test key: no real money moves.")


def _explain_error(error: PaymentError) -> Finding:
    if not isinstance(error, PaymentNotConfigured):
        hint = "Is the sandbox running? python manage.py stripe_sandbox" if conf.api_base else ""
        return wrong(f"Stripe can't be reached: {error} {error.stripe_code}".rstrip(), next=hint)
    if conf.secret_key.startswith("rk_"):
        return advice(
            "This restricted key may not read the account, or Stripe rejects it.",
            next="It must be allowed to write Checkout Sessions and Refunds, and to read "
            "PaymentIntents, Disputes and Events.",
        )
    return wrong(f"Stripe rejects the key. {error.stripe_code}".rstrip(), next=KEYS_HINT)
