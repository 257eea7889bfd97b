"""django-stripe-cart, mounted as its README says."""

from __future__ import annotations

from typing import Any

from django.urls import include, path

from benchmarks import stub

APPS = ["django_stripe_cart"]
SETTINGS = {
    "STRIPE_CART_SECRET_KEY": stub.KEY,
    "STRIPE_CART_WEBHOOK_SECRET": stub.SECRET,
    "STRIPE_CART_CURRENCY": "usd",
}
PATHS = {
    "storefront": "/",
    "add": "/shop/cart/add/",
    "cart": "/shop/cart/",
    "checkout": "/shop/checkout/",
    "orders": "/shop/orders/",
    "order": "/shop/orders/{}/",
    "webhook": "/stripe/webhook/",
}


def storefront(request: Any) -> Any:
    from django.shortcuts import render

    from django_stripe_cart.models import Product

    products = Product.objects.active().order_by("name")[:12]
    return render(request, "ours/storefront.html", {"products": products})


def __getattr__(name: str) -> Any:
    """``urlpatterns`` need the models, and the settings read this module before there are any."""
    if name != "urlpatterns":
        raise AttributeError(name)
    return [
        path("", storefront),
        path("shop/", include("django_stripe_cart.urls")),
        path("stripe/webhook/", include("django_stripe_cart.webhook_urls")),
    ]


def connect() -> None:
    """Have Stripe played by the stub."""
    from django_stripe_cart.gateway import client

    client._transport = stub.sdk_client()


def make_products(count: int, stock: int | None, first: int = 0) -> list[Any]:
    from django_stripe_cart.models import Product

    return Product.objects.bulk_create(
        Product(name=f"Product {n:06}", slug=f"product-{n}", price="19.90", stock=stock)
        for n in range(first, first + count)
    )


def fill_cart(visitor: Any, products: list[Any]) -> None:
    from django_stripe_cart.models import Cart, CartItem

    cart = Cart.objects.create(user=visitor.user)
    CartItem.objects.bulk_create(CartItem(cart=cart, product=p, quantity=1) for p in products)


def fingerprint(user: Any) -> dict[str, str]:
    """What the form of a checkout carries."""
    from django_stripe_cart.contents import read_cart
    from django_stripe_cart.models import CartItem

    contents = read_cart(CartItem.objects.of_user(user))
    return {"fingerprint": contents.fingerprint, "next": "/"}


def make_past_orders(user: Any, count: int) -> None:
    from django_stripe_cart.models import Order, OrderItem

    orders = Order.objects.bulk_create(
        Order(user=user, currency="usd", total=1990, status="paid") for _n in range(count)
    )
    OrderItem.objects.bulk_create(
        OrderItem(order=order, name="Product", unit_amount=1990, quantity=1) for order in orders
    )
