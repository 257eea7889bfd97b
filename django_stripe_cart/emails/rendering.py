"""One e-mail: its words, in the language of the order, as text and as HTML."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order, OrderEmail


def write(email: OrderEmail) -> EmailMultiAlternatives:
    """Return the message, ready to be sent by the host's mailer, from ``DEFAULT_FROM_EMAIL``."""
    order = email.order
    place = f"stripe_cart/emails/{email.kind}"
    with translation.override(order.language or settings.LANGUAGE_CODE):
        context = _context(email)
        # A line break would begin another header.
        subject = " ".join(render_to_string(f"{place}_subject.txt", context).split())
        text = render_to_string(f"{place}.txt", context).strip() + "\n"
        html = render_to_string(f"{place}.html", context)
    message = EmailMultiAlternatives(subject, text, to=[order.email])
    message.attach_alternative(html, "text/html")
    return message


def _context(email: OrderEmail) -> dict[str, Any]:
    site = find_site(email.order)
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


def find_site(order: Order) -> str:
    """str, the address of the site: as configured, or as it was when the order was placed.

    A webhook or a command knows no request. Empty if there is neither; then no link is given.
    """
    if conf.base_url:
        return conf.base_url
    params = order.session_params if isinstance(order.session_params, dict) else {}
    back = urlsplit(str(params.get("success_url", "")))
    return f"{back.scheme}://{back.netloc}" if back.netloc else ""
