"""A misconfiguration is a numbered message with a hint at start, not a stack trace at checkout."""

from django_stripe_cart.checks import (  # each keeps its checks
    addresses,
    api,
    checkout,
    content_security,
    cookies,
    currency,
    database,
    emails,
    keys,
    middleware,
    packages,
    products,
    templates,
    urls,
    webhooks,
)
from django_stripe_cart.checks.registry import MISTAKES, TAG, Mistake, run, run_on

__all__ = [
    "MISTAKES",
    "TAG",
    "Mistake",
    "addresses",
    "api",
    "checkout",
    "content_security",
    "cookies",
    "currency",
    "database",
    "emails",
    "keys",
    "middleware",
    "packages",
    "products",
    "run",
    "run_on",
    "templates",
    "urls",
    "webhooks",
]
