"""App configuration. The app label, URL namespace and settings prefix are ``stripe_cart``."""

from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, register
from django.utils.translation import gettext_lazy as _


class StripeCartConfig(AppConfig):
    name = "django_stripe_cart"
    label = "stripe_cart"
    verbose_name = _("Shop")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_stripe_cart import receivers  # noqa: F401  (connects them)

        register(_run_checks, self.label)
        register(_run_database_checks, self.label, Tags.database)


# Checks are imported when they run, so that a server starts faster.


def _run_checks(**kwargs: Any) -> list[CheckMessage]:
    """Run the checks that need no database."""
    from django_stripe_cart import checks

    return checks.run()


def _run_database_checks(*, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Run the checks that read ``databases``, a list of aliases."""
    from django_stripe_cart import checks

    return checks.run_on_databases(databases or ())
