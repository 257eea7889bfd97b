"""Template tags for the shop's own templates. They are not public, and may change."""

from __future__ import annotations

from typing import Any, cast

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
    """Return the URL of the site's front page, to which "Continue shopping" links."""
    return get_script_prefix()


@register.simple_tag(takes_context=True)
def shop_url(context: template.Context, name: str) -> str:
    """Return the same URL as ``{% url 'stripe_cart:NAME' %}``, cached for the request."""
    return get_shopper(context).url(name)


@register.simple_tag(takes_context=True)
def cart_fields(context: template.Context, product: Any) -> str:
    """Return the hidden fields of a cart form as HTML: CSRF token, product and ``next``."""
    csrf_token, next_url = str(context.get("csrf_token", "")), context.get("next", "")
    return format_html(CART_FIELDS, csrf_token, product.pk, next_url)


@register.simple_tag(takes_context=True)
def order_status_text(context: template.Context) -> str:
    """Return a sentence for the shopper about the status of ``order`` in the template context."""
    will_email = bool(context.get("will_email"))
    return order_texts.status_text(context["order"], context.get("refresh"), will_email=will_email)


@register.simple_tag(takes_context=True)
def front_page_notices(context: template.Context) -> Any:
    """Return the notices for the admin's front page, which say what staff have to deal with."""
    # Django loads this module in a project without django.contrib.admin, too.
    from django_stripe_cart.admin.front_page import read_notices

    return read_notices(get_request(context))


def get_shopper(context: template.Context) -> Shopper:
    """Return the shopper of the request in the template context."""
    return Shopper.of(get_request(context))


def get_request(context: template.Context) -> HttpRequest:
    """Return the request in the template context.

    Raises ``ImproperlyConfigured`` if the context has no request.
    """
    # A RequestContext has its request even without the "request" context processor.
    request = context.get("request") or getattr(context, "request", None)
    if request is None:
        raise ImproperlyConfigured(
            "The tags of stripe_cart need the request: render the template with "
            "render(request, …), or put it into the context as “request”."
        )
    # Private API of Django: there is no public one by which a template keeps ``cache_page`` from
    # showing the cart of one visitor to the next. Without effect, docs/limits.md still warns.
    request._cache_update_cache = False
    return cast(HttpRequest, request)
