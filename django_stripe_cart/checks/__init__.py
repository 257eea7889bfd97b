"""Django system checks of the shop, which report errors in its setup as numbered messages."""

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
