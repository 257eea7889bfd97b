"""What a host's templates can show of the shop. All tags of a page read the cart once, together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.auth.views import redirect_to_login
from django.contrib.messages import constants, get_messages
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import get_script_prefix
from django.utils.html import format_html

from django_stripe_cart.cart.contents import LOW_STOCK, MAX_QUANTITY
from django_stripe_cart.line_items import LineItem, line_item_of
from django_stripe_cart.models import get_product_model
from django_stripe_cart.money import format_money, money_format_json
from django_stripe_cart.web.shopper import Shopper

register = template.Library()

Context = template.Context
Values = dict[str, Any]

CART_FIELDS = (
    '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
    '<input type="hidden" name="product" value="{}">'
    '<input type="hidden" name="next" value="{}">'
)


@register.filter
def money(amount: int, currency: str) -> str:
    """``amount`` (int, smallest currency unit) as the reader's language writes it."""
    return format_money(amount, currency)


@register.simple_tag
def shop_front() -> str:
    """Where shopping goes on: the site's own front page."""
    return get_script_prefix()


@register.simple_tag(takes_context=True)
def shop_url(context: Context, name: str) -> str:
    """The address of one of the shop's pages, as ``{% url %}`` has it; a page finds it out once."""
    return _get_shopper(context).url(name)


@register.simple_tag(takes_context=True)
def cart_fields(context: Context, product: Any) -> str:
    """What a form of the cart sends unseen: Django's token, the product, and where to go on."""
    token, going_on = str(context.get("csrf_token", "")), context.get("next", "")
    return format_html(CART_FIELDS, token, product.pk, going_on)


@register.inclusion_tag("stripe_cart/includes/assets.html")
def stripe_cart_assets() -> Values:
    """The stylesheet and the script, for the page's head."""
    return {}


@register.inclusion_tag("stripe_cart/includes/cart_button.html", takes_context=True)
def cart_button(context: Context) -> Values:
    """A link to the cart, with the number of things in it. The script makes it open the modal."""
    shopper = _get_shopper(context)
    return {"cart": shopper.contents, "may_shop": shopper.may_shop}


@register.inclusion_tag("stripe_cart/modals/cart.html", takes_context=True)
def cart_modal(context: Context) -> Values:
    shopper = _get_shopper(context)
    return {
        "cart": shopper.contents,
        "may_shop": shopper.may_shop,
        "next": shopper.path,
    }


@register.inclusion_tag("stripe_cart/includes/orders_button.html", takes_context=True)
def orders_button(context: Context) -> Values:
    """A link to the shopper's orders; nothing for whom nobody could have orders."""
    return {"may_shop": _get_shopper(context).may_shop}


@register.inclusion_tag("stripe_cart/modals/orders.html", takes_context=True)
def orders_modal(context: Context) -> Values:
    return {"may_shop": _get_shopper(context).may_shop}


@register.inclusion_tag("stripe_cart/includes/add_to_cart.html", takes_context=True)
def add_to_cart(context: Context, product: Any, item: LineItem | None = None) -> Values:
    """The price of ``product``, and the form that puts it into the cart.

    ``item`` is what the product sells, where that was asked before.
    """
    shopper = _get_shopper(context)
    values: Values = {
        "product": product,
        "name": str(product),
        "next": shopper.path,
        "login_url": "" if shopper.may_shop else redirect_to_login(shopper.path).url,
    }
    item = item or line_item_of(product)
    if item is not None:
        left = shopper.available(product)
        values |= {
            "name": item.name,
            "item": item,
            "money_format": money_format_json(item.currency),
            "available": left,
            "is_scarce": left is not None and left <= LOW_STOCK,
            "max_quantity": MAX_QUANTITY if left is None else min(left, MAX_QUANTITY),
        }
    return values


@register.inclusion_tag("stripe_cart/includes/product_grid.html", takes_context=True)
def product_grid(context: Context, products: Iterable[Any] | None = None) -> Values:
    """Cards of ``products``; of all that are for sale, if none are given."""
    _get_shopper(context)
    chosen = _active_products() if products is None else products
    return {"cards": [ProductCard(product, line_item_of(product)) for product in chosen]}


@register.inclusion_tag("stripe_cart/includes/messages.html", takes_context=True)
def stripe_cart_messages(context: Context) -> Values:
    """Django's messages as toasts; where the page has shown them before, room for those to come."""
    messages = get_messages(_get_request(context))
    if getattr(messages, "used", False):
        return {"toasts": []}
    return {"toasts": [Toast.of(message.level, message.message) for message in messages]}


@dataclass(frozen=True)
class ProductCard:
    """A product, and what it answers when it is asked what it sells."""

    product: Any
    item: LineItem | None

    @property
    def name(self) -> str:
        return self.item.name if self.item else str(self.product)

    @property
    def url(self) -> str:
        """str, the product's own page; empty where it has none."""
        ask = getattr(self.product, "get_absolute_url", None)
        return str(ask()) if callable(ask) else ""


@dataclass(frozen=True)
class Toast:
    """A message, in the words of Bootstrap's colors."""

    text: str
    color: str
    stays: bool

    @classmethod
    def of(cls, level: int, text: str) -> Toast:
        if level >= constants.ERROR:
            return cls(text, "danger", stays=True)
        if level >= constants.WARNING:
            return cls(text, "warning", stays=True)
        return cls(text, "success" if level == constants.SUCCESS else "info", stays=False)


def _get_shopper(context: Context) -> Shopper:
    return Shopper.of(_get_request(context))


def _get_request(context: Context) -> HttpRequest:
    # A RequestContext knows its request even where the host has no context processor for it.
    request = context.get("request") or getattr(context, "request", None)
    if request is None:
        raise ImproperlyConfigured(
            "The tags of stripe_cart need the request: render the template with "
            "render(request, …), or put it into the context as “request”."
        )
    found: HttpRequest = request
    return found


def _active_products() -> Iterable[Any]:
    products = get_product_model()._default_manager.all()
    return products.active() if hasattr(products, "active") else products
