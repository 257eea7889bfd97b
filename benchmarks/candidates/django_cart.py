"""django-cart: a cart, and nothing else; its products and pages are those of the minimal shop."""

from __future__ import annotations

from typing import Any

from benchmarks.candidates import minimal
from benchmarks.candidates.minimal import connect, fingerprint, make_products, routes  # noqa: F401

APPS = ["benchmarks.minimal", "cart"]
PATHS = {name: minimal.PATHS[name] for name in ("add", "cart")}


def view(name: str) -> Any:
    def late(request: Any, **kwargs: Any) -> Any:
        from benchmarks import django_cart_views

        return getattr(django_cart_views, name)(request, **kwargs)

    return late


urlpatterns = routes(view)


def fill_cart(visitor: Any, products: list[Any]) -> None:
    for product in products:
        visitor.post(PATHS["add"], product=product.pk)
