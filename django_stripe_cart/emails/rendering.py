"""Rendering of e-mails as text and as HTML, in the language of the order."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order, OrderEmail


def render(email: OrderEmail) -> EmailMultiAlternatives:
    """Return the message for ``email``, with the order's address as recipient."""
    order = email.order
    prefix = f"stripe_cart/emails/{email.kind}"
    with translation.override(order.language or settings.LANGUAGE_CODE):
        context = _context(email)
        # A line break in a header is not allowed.
        subject = " ".join(render_to_string(f"{prefix}_subject.txt", context).split())
        text = render_to_string(f"{prefix}.txt", context).strip() + "\n"
        html = render_to_string(f"{prefix}.html", context)
    message = EmailMultiAlternatives(subject, text, to=[order.email])
    message.attach_alternative(html, "text/html")
    return message


def _context(email: OrderEmail) -> dict[str, Any]:
    """Return the context of the e-mail's templates."""
    site = site_url(email.order)
    return {
        "order": email.order,
        "items": list(email.order.items.all()),
        "refund": email.refund,
        "site": urlsplit(site).netloc,
        "site_url": site,
        "order_url": site + email.order.get_absolute_url() if site else "",
        "language": translation.get_language(),
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
    }


def site_url(order: Order) -> str:
    """Return the URL of the site without a path, for the links in an e-mail about ``order``.

    It is ``STRIPE_CART_BASE_URL`` or, without this setting, the site where the order was placed.
    If neither is known, it is "", and the e-mail has no links. There may be no request to ask,
    because webhooks and commands send e-mails, too.
    """
    if conf.base_url:
        return conf.base_url
    params = order.session_params if isinstance(order.session_params, dict) else {}
    success = urlsplit(str(params.get("success_url", "")))
    return f"{success.scheme}://{success.netloc}" if success.netloc else ""
