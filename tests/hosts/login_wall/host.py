from django.test import Client
from django.urls import reverse

from django_stripe_cart.sandbox import Sandbox
from tests.hosts import host as plain


class Host(plain.Host):
    def check_specifics(self, client: Client, sandbox: Sandbox) -> None:
        """An anonymous visitor is redirected to the login; the webhook needs no login."""
        for name in ("storefront", "stripe_cart:cart", "stripe_cart:orders"):
            answer = Client().get(reverse(name))
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith(reverse("login"))


host = Host()
