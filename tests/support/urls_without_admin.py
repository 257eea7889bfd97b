"""The URLs of a host that has no admin."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("shop/", include("django_stripe_cart.urls"))]
