"""Django system checks: each misconfiguration is a numbered message with a hint."""

from django_stripe_cart.checks import (  # importing them registers their checks
    content_security,
    database,
    environment,
    shop,
    stripe,
    templates,
    urls,
)
from django_stripe_cart.checks.registry import (
    CHECK_TEMPLATES,
    TAG,
    CheckTemplate,
    run,
    run_on_databases,
)

__all__ = [
    "CHECK_TEMPLATES",
    "TAG",
    "CheckTemplate",
    "content_security",
    "database",
    "environment",
    "run",
    "run_on_databases",
    "shop",
    "stripe",
    "templates",
    "urls",
]
