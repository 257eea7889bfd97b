"""The webhook's secrets, without which nobody could tell Stripe from anybody else."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.checks import CheckMessage

from django_stripe_cart.checks.registry import checked, mistake
from django_stripe_cart.conf import conf

NO_SECRET = mistake(
    "W003",
    "STRIPE_CART_WEBHOOK_SECRET is not set: every webhook will be refused.",
    hint="Stripe shows the secret (whsec_…) beside the webhook endpoint.",
)
BLANK_SECRET = mistake(
    "E002",
    "STRIPE_CART_WEBHOOK_SECRET is empty: anybody could sign with it.",
    hint="Set it to the secret (whsec_…) that Stripe shows beside the webhook endpoint.",
)
STRANGE_SECRET = mistake(
    "W009",
    "STRIPE_CART_WEBHOOK_SECRET is not a webhook's secret: Stripe's webhooks will be refused.",
    hint="It starts with whsec_; a key (sk_…) and the endpoint's id (we_…) are something else.",
)


@checked
def webhook_secret() -> Iterable[CheckMessage]:
    value = getattr(settings, "STRIPE_CART_WEBHOOK_SECRET", None)
    secrets = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
    if secrets in ([None], []):
        yield NO_SECRET()
    elif not all(isinstance(secret, str) and secret.strip() for secret in secrets):
        yield BLANK_SECRET()
    elif not all(secret.startswith("whsec_") for secret in conf.webhook_secrets):
        yield STRANGE_SECRET()
