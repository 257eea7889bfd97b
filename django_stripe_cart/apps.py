"""The app's name: one word, ``stripe_cart``, for labels, URLs, templates and settings alike."""

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
        from django_stripe_cart import receivers  # noqa: F401  (they register themselves)

        register(_check, self.label)
        register(_check_databases, self.label, Tags.database)


# The checks themselves are loaded when they are asked for: most starts are of a server.


def _check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    from django_stripe_cart import checks

    return checks.run()


def _check_databases(
    app_configs: Any = None, databases: Any = None, **kwargs: Any
) -> list[CheckMessage]:
    from django_stripe_cart import checks

    return checks.run_on_databases(databases or ())
