"""Idiomatic Django, with the ORM and templates, and no safety at all."""

from __future__ import annotations

from typing import Any

from django.urls import path

from benchmarks import crowd
from benchmarks.crowd import multiply

APPS = ["benchmarks.minimal"]
PATHS = {
    "storefront": "/",
    "add": "/cart/add/",
    "cart": "/cart/",
    "checkout": "/checkout/",
    "orders": "/orders/",
    "order": "/orders/{}/",
    "webhook": "/webhook/",
}


def view(name: str) -> Any:
    """Views are imported late: they need the models, and the settings read this module."""

    def late(request: Any, **kwargs: Any) -> Any:
        from benchmarks.minimal import views

        return getattr(views, name)(request, **kwargs)

    late.csrf_exempt = name == "webhook"  # type: ignore[attr-defined]
    return late


def routes(view: Any) -> list[Any]:
    return [
        path("", view("storefront")),
        path("cart/add/", view("add"), name="add"),
        path("cart/", view("cart"), name="cart"),
        path("checkout/", view("checkout"), name="checkout"),
        path("orders/", view("orders"), name="orders"),
        path("orders/<uuid:reference>/", view("order"), name="order"),
        path("webhook/", view("webhook")),
    ]


urlpatterns = routes(view)


def connect() -> None:
    pass


def make_products(count: int, stock: int | None, first: int = 0) -> list[Any]:
    from benchmarks.minimal.models import Product

    return Product.objects.bulk_create(
        Product(name=f"Product {n:06}", slug=f"product-{n}", price="19.90", stock=stock)
        for n in range(first, first + count)
    )


def fill_cart(visitor: Any, products: list[Any]) -> None:
    from benchmarks.minimal.models import Cart, CartItem

    cart = Cart.objects.create(user=visitor.user)
    CartItem.objects.bulk_create(CartItem(cart=cart, product=p, quantity=1) for p in products)


def fingerprint(user: Any) -> dict[str, str]:
    return {}


def make_past_orders(count: int, user: int) -> None:
    from benchmarks.minimal.models import Order, OrderItem

    orders = Order.objects.bulk_create(
        Order(user_id=user, total="19.90", status="paid") for _n in range(count)
    )
    OrderItem.objects.bulk_create(
        OrderItem(order=order, name="Product", price="19.90", quantity=1) for order in orders
    )


def crowd_products(count: int) -> None:
    from benchmarks.minimal.models import Product

    rows = crowd.numbers(count, after=0)
    multiply(Product, rows, name=crowd.text("Stock "), slug=crowd.text("stock-"))


def crowd_orders(count: int, user: int) -> None:
    from benchmarks.minimal.models import Order, OrderItem

    last = Order.objects.latest("pk").pk
    multiply(
        Order,
        crowd.numbers(count, after=last),
        reference=crowd.uuid(),
        placed_at=crowd.moment(),
        user_id=str(user),
    )
    made = f"SELECT id AS n FROM minimal_order WHERE id > {last}"  # noqa: S608
    multiply(OrderItem, made, order_id="n")
