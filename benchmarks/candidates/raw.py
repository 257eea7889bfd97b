"""The physical limit: SQL through the cursor, on the tables of the minimal shop."""

from __future__ import annotations

from typing import Any

from benchmarks.candidates.minimal import (  # noqa: F401
    APPS,
    PATHS,
    connect,
    crowd_orders,
    crowd_products,
    fill_cart,
    fingerprint,
    make_past_orders,
    make_products,
    routes,
)


def view(name: str) -> Any:
    def late(request: Any, **kwargs: Any) -> Any:
        from benchmarks import raw_views

        return getattr(raw_views, name)(request, **kwargs)

    late.csrf_exempt = name == "webhook"  # type: ignore[attr-defined]
    return late


urlpatterns = routes(view)
