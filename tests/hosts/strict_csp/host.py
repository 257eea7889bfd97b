import re

from django.test import Client
from django.urls import reverse

from django_stripe_cart.models import Order
from django_stripe_cart.sandbox import Sandbox
from tests.hosts import host as plain

INLINE = re.compile(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", re.I)


class Host(plain.Host):
    def look_closer(self, client: Client, sandbox: Sandbox) -> None:
        """Nothing on our pages needs what the policy forbids."""
        pages = [reverse(f"stripe_cart:{name}") for name in ("cart", "orders")]
        pages += [reverse("storefront"), Order.objects.earliest("pk").get_absolute_url()]
        for page in pages:
            answer = client.get(page)
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
            assert not INLINE.findall(answer.content.decode()), page


host = Host()
