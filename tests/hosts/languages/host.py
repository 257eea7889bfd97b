from django.test import Client
from django.urls import reverse
from django.utils import translation

from django_stripe_cart.sandbox import Sandbox
from tests.hosts import host as plain


class Host(plain.Host):
    def check_specifics(self, client: Client, sandbox: Sandbox) -> None:
        """Stripe redirects to a German page, and delivers webhooks to a URL without a language."""
        assert reverse("stripe_cart_webhook") == "/stripe/webhook/"
        with translation.override("de"):
            from django_stripe_cart.models import get_product_model

            mug = get_product_model()._default_manager.get(name="Mug")
            client.post(reverse("stripe_cart:add"), {"product": mug.pk})
            cart = client.get(reverse("stripe_cart:cart"))
            fingerprint = cart.context["cart"].fingerprint
            client.post(reverse("stripe_cart:checkout"), {"fingerprint": fingerprint})
        assert sandbox.sessions[-1]["success_url"].startswith("http://testserver/de/shop/"), (
            sandbox.sessions
        )


host = Host()
