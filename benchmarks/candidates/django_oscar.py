"""django-oscar, its own pages and templates, mounted as its documentation says.

What is not equal, each in its favor: Oscar asks a search server for the products of a page, which
is played by a stub that knows the answer, as Stripe is, so the work of finding them is not counted;
nor is that of making thumbnails. There are no facets, categories, offers or vouchers to look
through, and a product has one price and no options.
"""

from __future__ import annotations

from typing import Any

import oscar
from django.urls import include, path
from oscar import defaults

APPS = oscar.INSTALLED_APPS
MIDDLEWARE = ["oscar.apps.basket.middleware.BasketMiddleware"]
CONTEXT_PROCESSORS = [
    "oscar.apps.search.context_processors.search_form",
    "oscar.apps.checkout.context_processors.checkout",
    "oscar.apps.communication.notifications.context_processors.notifications",
    "oscar.core.context_processors.metadata",
]
SETTINGS = {
    **{name: getattr(defaults, name) for name in dir(defaults) if name.isupper()},
    "OSCAR_DEFAULT_CURRENCY": "USD",
    "OSCAR_PRODUCTS_PER_PAGE": 12,
    "OSCAR_ORDERS_PER_PAGE": 10,
    "HAYSTACK_CONNECTIONS": {"default": {"ENGINE": "benchmarks.oscar_stubs.Engine"}},
    "OSCAR_THUMBNAILER": "benchmarks.oscar_stubs.Thumbnailer",
    "SITE_ID": 1,
}
PATHS = {
    "storefront": "/catalogue/",
    "add": "/basket/add/{}/",
    "cart": "/basket/",
    "orders": "/accounts/orders/",
    "order": "/accounts/orders/{}/",
}


def __getattr__(name: str) -> Any:
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.apps import apps

    return [path("", include(apps.get_app_config("oscar").urls[0]))]


def connect() -> None:
    pass


def make_products(count: int, stock: int | None, first: int = 0) -> list[Any]:
    from oscar.apps.catalogue.models import Product, ProductClass
    from oscar.apps.partner.models import Partner, StockRecord

    from benchmarks import oscar_stubs

    kind, _made = ProductClass.objects.get_or_create(name="Thing", track_stock=stock is not None)
    partner, _made = Partner.objects.get_or_create(name="Shop")
    products = Product.objects.bulk_create(
        Product(product_class=kind, title=f"Product {n:06}", slug=f"product-{n}")
        for n in range(first, first + count)
    )
    StockRecord.objects.bulk_create(
        StockRecord(
            product=product,
            partner=partner,
            partner_sku=product.slug,
            price_currency="USD",
            price="19.90",
            num_in_stock=stock,
        )
        for product in products
    )
    oscar_stubs.found.extend(product.pk for product in products)
    return products


def fill_cart(visitor: Any, products: list[Any]) -> None:
    from oscar.apps.basket.models import Basket
    from oscar.apps.partner.strategy import Default

    basket = Basket.objects.create(owner=visitor.user)
    basket.strategy = Default()
    for product in products:
        basket.add_product(product)


def make_past_orders(count: int, user: int) -> None:
    for _n in range(count):
        _make_order(user, ["Product"])


def make_order(visitor: Any, products: list[Any]) -> str:
    """Return the number of an order that was paid."""
    return _make_order(visitor.user.pk, [product.title for product in products])


def _make_order(user: int, titles: list[str]) -> str:
    from oscar.apps.order.models import Line, Order

    total = f"{19.9 * len(titles):.2f}"
    order = Order.objects.create(
        number=f"{100_000 + Order.objects.count()}",
        user_id=user,
        currency="USD",
        total_incl_tax=total,
        total_excl_tax=total,
        status="paid",
    )
    Line.objects.bulk_create(
        Line(
            order=order,
            title=title,
            partner_name="Shop",
            quantity=1,
            num_allocated=0,
            **dict.fromkeys(PRICES, "19.90"),
        )
        for title in titles
    )
    return order.number


PRICES = (
    "line_price_incl_tax",
    "line_price_excl_tax",
    "line_price_before_discounts_incl_tax",
    "line_price_before_discounts_excl_tax",
    "unit_price_incl_tax",
    "unit_price_excl_tax",
)
