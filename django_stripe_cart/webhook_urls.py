"""The URL of the webhook. Include it outside of ``i18n_patterns`` and of login walls."""

from django.urls import path

from django_stripe_cart.web import webhook_view

urlpatterns = [path("", webhook_view.webhook, name="stripe_cart_webhook")]
