from typing import Any

from django_stripe_cart.testing.factories import CartItemFactory
from tests.hosts import host as plain


class Host(plain.Host):
    def make_products(self) -> tuple[Any, Any]:
        from tests.hosts.no_stock.models import Course

        return (
            Course.objects.create(title="Mug", fee="499.00"),
            Course.objects.create(title="Lamp", fee="1299.50"),
        )

    def make_rows(self) -> None:
        from tests.hosts.no_stock.models import Course

        CartItemFactory.create(product=Course.objects.create(title="Pottery", fee="100.00"))

    def stock(self, product: Any) -> None:
        return None


host = Host()
