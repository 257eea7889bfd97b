"""The minimal shop with the pages that ours shows, written by hand for this one shop."""

from __future__ import annotations

from typing import Any

from django.contrib.messages import constants
from django.urls import path

from benchmarks.candidates import minimal
from benchmarks.candidates.minimal import (  # noqa: F401
    connect,
    fill_cart,
    make_past_orders,
    make_products,
)

# Its templates have the names of the minimal shop's, and are found before them.
APPS = ["benchmarks.same_page", "benchmarks.minimal"]
SETTINGS = {"MESSAGE_TAGS": {constants.ERROR: "danger"}}  # as Bootstrap calls it
PATHS = {name: minimal.PATHS[name] for name in ("storefront", "cart", "orders", "order")}


def view(name: str) -> Any:
    def late(request: Any, **kwargs: Any) -> Any:
        from benchmarks.same_page import views

        return getattr(views, name)(request, **kwargs)

    return late


# Of what the pages' forms ask for, only the addresses are needed: nobody sends one.
urlpatterns = [
    *minimal.routes(view),
    path("cart/item/", view("item"), name="item"),
    path("cart/remove/", view("remove"), name="remove"),
    path("orders/<uuid:reference>/again/", view("again"), name="again"),
    path("orders/<uuid:reference>/receipt/", view("receipt"), name="receipt"),
]


def make_order(visitor: Any, products: list[Any]) -> Any:
    """A paid one, as a checkout and a webhook would have left it, and what happened to it."""
    from benchmarks.minimal.models import Order, OrderItem
    from benchmarks.same_page.models import Event

    order = Order.objects.create(user=visitor.user, total="59.70", status="paid")
    OrderItem.objects.bulk_create(
        OrderItem(order=order, name=p.name, price=p.price, quantity=1) for p in products
    )
    Event.objects.bulk_create(Event(order=order, kind=kind) for kind in ("placed", "paid"))
    return order.reference
