from typing import Any

from django_stripe_cart.testing.factories import CartItemFactory
from tests.hosts import host as plain


class Host(plain.Host):
    def make_products(self) -> tuple[Any, Any]:
        from tests.hosts.own_product.models import Print

        return (
            Print.objects.create(title="Mug", cents=49900, copies=10),
            Print.objects.create(title="Lamp", cents=129950, copies=10),
        )

    def make_rows(self) -> None:
        from tests.hosts.own_product.factories import PrintFactory

        CartItemFactory.create(product=PrintFactory.create())

    def stock(self, product: Any) -> int:
        product.refresh_from_db()
        return int(product.copies)


host = Host()
