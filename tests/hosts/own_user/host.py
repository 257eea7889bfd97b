from typing import Any

from django.test import Client

from django_stripe_cart.sandbox import Sandbox
from tests.hosts import host as plain


class Host(plain.Host):
    def check_specifics(self, client: Client, sandbox: Sandbox) -> None:
        emails: Any = {session["customer_email"] for session in sandbox.sessions}
        assert emails == {"shopper@example.com"}


host = Host()
