"""Ours as it would be in a host that writes its e-mails itself, for those who write none."""

from typing import Any

from benchmarks.candidates import ours
from benchmarks.candidates.ours import (  # noqa: F401
    APPS,
    connect,
    fill_cart,
    fingerprint,
    make_products,
)

SETTINGS = {**ours.SETTINGS, "STRIPE_CART_EMAILS": False}
PATHS = {name: ours.PATHS[name] for name in ("checkout", "webhook")}


def __getattr__(name: str) -> Any:
    if name != "urlpatterns":
        raise AttributeError(name)
    return ours.urlpatterns
