import re
from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from django_stripe_cart.models import Order
from django_stripe_cart.sandbox import Sandbox
from tests.hosts import host as plain

INLINE = re.compile(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", re.I)


class Host(plain.Host):
    def check_specifics(self, client: Client, sandbox: Sandbox) -> None:
        """Nothing on our pages needs what the policy forbids."""
        order = Order.objects.earliest("pk")
        pages = [reverse(f"stripe_cart:{name}") for name in ("cart", "orders")]
        inspect(client, [*pages, reverse("storefront"), order.get_absolute_url()])

        staff_client = self.client()
        staff_client.force_login(get_user_model().objects.get(is_superuser=True))
        office = "admin:stripe_cart_order"
        inspect(staff_client, [reverse(f"{office}_change", args=[order.pk])])
        inspect(staff_client, [reverse(f"{office}_{page}") for page in ("changelist", "sales")])


def inspect(client: Client, pages: Iterable[str]) -> None:
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert not INLINE.findall(answer.content.decode()), page


host = Host()
