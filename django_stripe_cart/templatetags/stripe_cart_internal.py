"""Tags that only the shop's own templates use; not public, and may change in any release."""

from __future__ import annotations

from typing import Any

from django import template
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import get_script_prefix
from django.utils.html import format_html

from django_stripe_cart.web import order_texts
from django_stripe_cart.web.shopper import Shopper

register = template.Library()
register.filter(order_texts.event_text)
register.filter(order_texts.status_color)

CART_FIELDS = (
    '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
    '<input type="hidden" name="product" value="{}">'
    '<input type="hidden" name="next" value="{}">'
)


@register.simple_tag
def front_page_url() -> str:
    """The URL of the site's front page, where "Continue shopping" leads."""
    return get_script_prefix()


@register.simple_tag(takes_context=True)
def shop_url(context: template.Context, name: str) -> str:
    """The same as ``{% url 'stripe_cart:NAME' %}``, but reversed only once for a request."""
    return get_shopper(context).url(name)


@register.simple_tag(takes_context=True)
def cart_fields(context: template.Context, product: Any) -> str:
    """The hidden fields of a cart form, in one tag because a page has two forms for each line."""
    csrf_token, next_url = str(context.get("csrf_token", "")), context.get("next", "")
    return format_html(CART_FIELDS, csrf_token, product.pk, next_url)


@register.simple_tag(takes_context=True)
def order_status_text(context: template.Context) -> str:
    """A sentence about the status of the context's order."""
    will_email = bool(context.get("will_email"))
    return order_texts.status_text(context["order"], context.get("refresh"), will_email=will_email)


def get_shopper(context: template.Context) -> Shopper:
    return Shopper.of(get_request(context))


def get_request(context: template.Context) -> HttpRequest:
    # A RequestContext has its request even without the host's "request" context processor.
    request = context.get("request") or getattr(context, "request", None)
    if request is None:
        raise ImproperlyConfigured(
            "The tags of stripe_cart need the request: render the template with "
            "render(request, …), or put it into the context as “request”."
        )
    found: HttpRequest = request
    return found
