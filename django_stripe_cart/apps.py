"""App configuration. Label, URLs, templates and settings are named ``stripe_cart``."""

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

        register(_check, self.label)
        register(_check_databases, self.label, Tags.database)


# Checks are imported when they run, to keep the start of a server fast.


def _check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    from django_stripe_cart import checks

    return checks.run()


def _check_databases(
    app_configs: Any = None, databases: Any = None, **kwargs: Any
) -> list[CheckMessage]:
    from django_stripe_cart import checks

    return checks.run_on_databases(databases or ())
