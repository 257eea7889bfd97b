"""Look up an order by its reference, if the request may see it."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from django_stripe_cart.models import Order
from django_stripe_cart.web.shopper import Shopper


def get_order(request: HttpRequest, reference: UUID) -> Order:
    return get_object_or_404(Shopper.of(request).reachable_orders, reference=reference)


def get_own_order(request: HttpRequest, reference: UUID) -> Order:
    """Raise 404 unless the order was placed by this user or in this browser."""
    order = get_order(request, reference)
    if not Shopper.of(request).owns(order):
        raise Http404
    return order
