from django.test import Client
from django.urls import reverse

from django_stripe_cart.sandbox import Sandbox
from tests.hosts import host as plain


class Host(plain.Host):
    def client(self) -> Client:
        return ClientBelow()

    def check_specifics(self, client: Client, sandbox: Sandbox) -> None:
        assert reverse("stripe_cart:cart") == "/store/shop/cart/"
        back = "http://testserver/store/shop/checkout/"
        for session in sandbox.sessions:
            assert session["success_url"].startswith(back + "return/")
            assert session["cancel_url"].startswith(back + "canceled/")


class ClientBelow(Client):
    """Asks as the web server in front does, which takes the prefix away."""

    def generic(self, method, path, *args, **kwargs):  # type: ignore[no-untyped-def]
        return super().generic(method, path.removeprefix("/store"), *args, **kwargs)


host = Host()
