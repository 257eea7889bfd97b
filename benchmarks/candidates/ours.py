"""django-stripe-cart, mounted as its README says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import include, path
from django.utils import timezone

from benchmarks import crowd, stub
from benchmarks.crowd import multiply

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
    from django_stripe_cart.cart.contents import read_contents
    from django_stripe_cart.models.cart import CartKey

    contents = read_contents(CartKey(user_id=user.pk))
    return {"fingerprint": contents.fingerprint, "next": "/"}


def make_past_orders(count: int, user: int) -> None:
    from django_stripe_cart.models import Order, OrderItem

    orders = Order.objects.bulk_create(
        Order(user_id=user, currency="usd", total=1990, status="paid") for _n in range(count)
    )
    OrderItem.objects.bulk_create(
        OrderItem(order=order, name="Product", unit_amount=1990, quantity=1) for order in orders
    )


def crowd_products(count: int) -> None:
    from django_stripe_cart.models import Product

    rows = crowd.numbers(count, after=0)
    multiply(Product, rows, name=crowd.text("Stock "), slug=crowd.text("stock-"))


def crowd_orders(count: int, user: int) -> None:
    """Paid ones, each with a line, a timeline and a webhook."""
    from django_stripe_cart.models import Order, OrderEvent, OrderItem, WebhookEvent

    order = Order.objects.latest("pk")
    last = order.pk
    OrderEvent.objects.create(order=order, kind="paid", source="webhook")
    WebhookEvent.objects.create(
        event_id=f"evt_before_{last}", order=order, processed_at=timezone.now()
    )
    multiply(
        Order,
        crowd.numbers(count, after=last),
        reference=crowd.uuid(),
        placed_at=crowd.moment(),
        user_id=str(user),
        status="'paid'",
        session_id=crowd.text("cs_crowd_"),
        payment_intent_id=crowd.text("pi_crowd_"),
        cart_id="NULL",
        open_cart_id="NULL",
    )
    made = f"SELECT id AS n FROM stripe_cart_order WHERE id > {last}"  # noqa: S608
    multiply(OrderItem, made, order_id="n")
    multiply(OrderEvent, made, order_id="n")
    multiply(WebhookEvent, made, order_id="n", event_id=crowd.text("evt_crowd_"))


def sandbox_payment() -> Callable[[], tuple[int, bytes]]:
    """Return what has Stripe in a box make a session and take its payment."""
    import stripe

    from django_stripe_cart.sandbox import Sandbox

    sandbox = Sandbox()
    client = stripe.StripeClient(stub.KEY, http_client=sandbox.http_client())
    price = {"currency": "usd", "unit_amount": 1990, "product_data": {"name": "Mug"}}

    def create_and_pay() -> tuple[int, bytes]:
        session = client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "line_items": [{"quantity": 1, "price_data": price}] * 3,
                "success_url": "http://testserver/",
            }
        )
        sandbox.pay(session.url)
        return 200, b""

    return create_and_pay
