"""Rules of a host's database about its own products."""

from __future__ import annotations

from django.db import connection

from django_stripe_cart.models import Product


def refuse_more_stock(product: Product) -> None:
    """Have the database refuse any increase of the product's stock, in this test's transaction."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TRIGGER refuse_more_stock BEFORE UPDATE OF stock ON stripe_cart_product "
                f"WHEN NEW.id = {product.pk} AND NEW.stock > OLD.stock "
                "BEGIN SELECT RAISE(ABORT, 'too much'); END"
            )
    else:  # a trigger would commit the transaction on MariaDB
        maximum = connection.ops.integer_field_range("PositiveIntegerField")[1]
        Product.objects.filter(pk=product.pk).update(stock=maximum)
