"""Template tags and filters for the project's templates. They read the cart once per request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.auth.views import redirect_to_login
from django.contrib.messages import constants, get_messages

from django_stripe_cart.cart.contents import LOW_STOCK, MAX_QUANTITY
from django_stripe_cart.line_items import LineItem, line_item_of
from django_stripe_cart.models import get_product_model
from django_stripe_cart.money import format_money, money_format_json
from django_stripe_cart.templatetags.stripe_cart_internal import get_request, get_shopper

register = template.Library()

Context = template.Context
Values = dict[str, Any]


@register.filter
def money(amount: int, currency: str) -> str:
    """Return ``amount`` (int, smallest currency unit) formatted for the active language."""
    return format_money(amount, currency)


@register.inclusion_tag("stripe_cart/includes/assets.html")
def stripe_cart_assets() -> Values:
    """Render the links to the shop's stylesheet and script, for the page's head."""
    return {}


@register.inclusion_tag("stripe_cart/includes/cart_button.html", takes_context=True)
def cart_button(context: Context) -> Values:
    """Render a link to the cart, with the number of items.

    With JavaScript, the link opens the modal that shows the cart.
    """
    shopper = get_shopper(context)
    return {"cart": shopper.contents, "may_shop": shopper.may_shop}


@register.inclusion_tag("stripe_cart/modals/cart.html", takes_context=True)
def cart_modal(context: Context) -> Values:
    """Render the modal that shows the cart."""
    shopper = get_shopper(context)
    return {
        "cart": shopper.contents,
        "may_shop": shopper.may_shop,
        "next": shopper.path,
        "modal_id": "stripe-cart-modal",
    }


@register.inclusion_tag("stripe_cart/includes/orders_button.html", takes_context=True)
def orders_button(context: Context) -> Values:
    """Render a link to the shopper's orders, or nothing for visitors who may not shop."""
    return {"may_shop": get_shopper(context).may_shop}


@register.inclusion_tag("stripe_cart/modals/orders.html", takes_context=True)
def orders_modal(context: Context) -> Values:
    """Render the modal that shows the shopper's orders."""
    return {
        "may_shop": get_shopper(context).may_shop,
        "modal_id": "stripe-cart-orders-modal",
        "modal_size": "modal-lg",
    }


@register.inclusion_tag("stripe_cart/includes/add_to_cart.html", takes_context=True)
def add_to_cart(context: Context, product: Any, item: LineItem | None = None) -> Values:
    """Render the price of ``product``, and the form that adds it to the cart.

    ``item`` is the product's ``LineItem``. If ``item`` is None, it is computed from ``product``.
    """
    shopper = get_shopper(context)
    values: Values = {
        "product": product,
        "name": str(product),
        "next": shopper.path,
        "login_url": "" if shopper.may_shop else redirect_to_login(shopper.path).url,
    }
    item = item or line_item_of(product)
    if item is not None:
        available = shopper.available(product)
        values |= {
            "name": item.name,
            "item": item,
            "money_format": money_format_json(item.currency),
            "available": available,
            "is_scarce": available is not None and available <= LOW_STOCK,
            "max_quantity": MAX_QUANTITY if available is None else min(available, MAX_QUANTITY),
        }
    return values


@register.inclusion_tag("stripe_cart/includes/product_grid.html", takes_context=True)
def product_grid(context: Context, products: Iterable[Any] | None = None) -> Values:
    """Render a card for each of ``products``.

    If ``products`` is None, render a card for each product for sale.
    """
    get_shopper(context)  # raises if the request is missing, even if there is no product to show
    shown = _active_products() if products is None else products
    return {"cards": [ProductCard(product, line_item_of(product)) for product in shown]}


@register.inclusion_tag("stripe_cart/includes/messages.html", takes_context=True)
def stripe_cart_messages(context: Context) -> Values:
    """Render Django's messages as toasts, in a container.

    The shop's script adds its own messages to the same container. If the page has rendered Django's
    messages elsewhere before, only the empty container is rendered.
    """
    messages = get_messages(get_request(context))
    if getattr(messages, "used", False):
        return {"toasts": []}
    return {"toasts": [Toast.from_message(message.level, message.message) for message in messages]}


@dataclass(frozen=True)
class ProductCard:
    """A product for the template of a card, with its ``LineItem`` if it is for sale."""

    product: Any
    item: LineItem | None

    @property
    def name(self) -> str:
        """Return the name under which the product is sold.

        If the product is not for sale, return ``str(product)``.
        """
        return self.item.name if self.item else str(self.product)

    @property
    def url(self) -> str:
        """Return the URL of the product's page, or an empty string if it has none."""
        get_url = getattr(self.product, "get_absolute_url", None)
        return str(get_url()) if callable(get_url) else ""


@dataclass(frozen=True)
class Toast:
    """A message for the template of a toast; ``color`` is the name of a Bootstrap color."""

    text: str
    color: str
    is_persistent: bool

    @classmethod
    def from_message(cls, level: int, text: str) -> Toast:
        """Return the toast for a Django message; warnings and errors stay until they are closed."""
        if level >= constants.ERROR:
            return cls(text, "danger", is_persistent=True)
        if level >= constants.WARNING:
            return cls(text, "warning", is_persistent=True)
        return cls(text, "success" if level == constants.SUCCESS else "info", is_persistent=False)


def _active_products() -> Iterable[Any]:
    """Return the active products, or all products if the model's queryset has no ``active()``."""
    products = get_product_model()._default_manager.all()
    return products.active() if hasattr(products, "active") else products
