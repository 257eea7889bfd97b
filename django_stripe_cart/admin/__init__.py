"""The shop in Django's admin: products are editable, orders and webhook events are read-only.

Staff change orders and events only by actions. Each action needs a permission, and has a page that
asks for confirmation.
"""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import AdminSite

from django_stripe_cart.admin.base import ReadOnlyAdmin
from django_stripe_cart.admin.front_page import add_notice
from django_stripe_cart.admin.issues import OrderIssueAdmin
from django_stripe_cart.admin.orders.admin import OrderAdmin
from django_stripe_cart.admin.products import ProductAdmin
from django_stripe_cart.admin.webhooks.admin import WebhookEventAdmin
from django_stripe_cart.conf import DEFAULT_PRODUCT_MODEL, conf
from django_stripe_cart.models import Order, OrderIssue, Product, WebhookEvent

__all__ = [
    "OrderAdmin",
    "OrderIssueAdmin",
    "ProductAdmin",
    "ReadOnlyAdmin",
    "WebhookEventAdmin",
    "register",
]


def register(site: AdminSite) -> None:
    """Register the shop's models with an admin site.

    The models are already registered with Django's default site.
    """
    site.register(Order, OrderAdmin)
    site.register(OrderIssue, OrderIssueAdmin)
    site.register(WebhookEvent, WebhookEventAdmin)
    if conf.product_model == DEFAULT_PRODUCT_MODEL:
        site.register(Product, ProductAdmin)
    add_notice(site)


register(admin.site)
