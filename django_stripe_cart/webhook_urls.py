"""The URL of the webhook, to be included outside ``i18n_patterns`` and login walls."""

from django.urls import path

from django_stripe_cart.web import webhook_view

urlpatterns = [path("", webhook_view.webhook, name="stripe_cart_webhook")]
