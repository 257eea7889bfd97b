from decimal import Decimal
from typing import Any

from django.test import Client

from django_stripe_cart.sandbox import Sandbox
from tests.hosts import host as plain


class Host(plain.Host):
    def make_products(self) -> tuple[Any, Any]:
        import tests.hosts.two_tables.receivers  # noqa: F401  (they connect themselves)
        from tests.hosts.two_tables.models import Book, Poster

        mug = Book.objects.create(
            name="Mug", slug="mug", price=Decimal("499.00"), stock=10, pages=320
        )
        lamp = Poster.objects.create(
            name="Lamp", slug="lamp", price=Decimal("1299.50"), stock=10, width=50
        )
        return mug, lamp

    def check_specifics(self, client: Client, sandbox: Sandbox) -> None:
        from tests.hosts.two_tables.receivers import heard

        assert heard == ["roll [50]", "49900 of 229750 back", "179850 of 229750 back"]


host = Host()
