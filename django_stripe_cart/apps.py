"""The app's name: one word, ``stripe_cart``, for labels, URLs, templates and settings alike."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StripeCartConfig(AppConfig):
    name = "django_stripe_cart"
    label = "stripe_cart"
    verbose_name = _("Shop")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_stripe_cart import checks, receivers  # noqa: F401  (they register themselves)
