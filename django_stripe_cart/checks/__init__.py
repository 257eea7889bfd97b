"""A misconfiguration is a numbered message with a hint at start, not a stack trace at checkout."""

from django_stripe_cart.checks import (  # each keeps its checks
    content_security,
    database,
    environment,
    shop,
    stripe,
    templates,
    urls,
)
from django_stripe_cart.checks.registry import MISTAKES, TAG, Mistake, run, run_on

__all__ = [
    "MISTAKES",
    "TAG",
    "Mistake",
    "content_security",
    "database",
    "environment",
    "run",
    "run_on",
    "shop",
    "stripe",
    "templates",
    "urls",
]
