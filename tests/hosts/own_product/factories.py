from typing import Any

from factory.declarations import Sequence

from django_stripe_cart.testing.factories import ProductFactory


class PrintFactory(ProductFactory):
    class Meta:
        exclude = ("name", "slug", "price", "stock")

    title: Any = Sequence("Print {}".format)
    cents = 10000
    copies = 10
