"""Rendering of e-mails as text and as HTML, in the language of the order."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order, OrderEmail


def render(email: OrderEmail) -> EmailMultiAlternatives:
    """Return the message for ``email`` from ``DEFAULT_FROM_EMAIL`` to the e-mail's recipients."""
    prefix = f"stripe_cart/emails/{email.kind}"
    is_to_staff = email.kind == OrderEmail.Kind.ISSUE
    language = "" if is_to_staff else email.order.language
    with translation.override(language or settings.LANGUAGE_CODE):
        context = _context(email)
        # A line break in a header is not allowed.
        subject = " ".join(render_to_string(f"{prefix}_subject.txt", context).split())
        text = render_to_string(f"{prefix}.txt", context).strip() + "\n"
        html = render_to_string(f"{prefix}.html", context)
    message = EmailMultiAlternatives(subject, text, to=recipients(email.order, email.kind))
    message.attach_alternative(html, "text/html")
    return message


def recipients(order: Order, kind: str) -> list[str]:
    """Return the addresses for an e-mail of ``kind``: the shopper's, or those of ``MANAGERS``."""
    if kind != OrderEmail.Kind.ISSUE:
        return [order.email] if order.email else []
    # Before Django 6.0, MANAGERS held pairs of a name and an address.
    managers: list[Any] = list(settings.MANAGERS)
    return [one if isinstance(one, str) else one[1] for one in managers]


def _context(email: OrderEmail) -> dict[str, Any]:
    """Return the context of the e-mail's templates."""
    site = site_url(email.order)
    return {
        "order": email.order,
        "items": list(email.order.items.all()),
        "refund": email.refund,
        "issue": email.issue,
        "site": urlsplit(site).netloc,
        "site_url": site,
        "order_url": site + email.order.get_absolute_url() if site else "",
        "admin_url": _admin_url(email.order, site),
        "language": translation.get_language(),
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
    }


def _admin_url(order: Order, site: str) -> str:
    """Return the URL of the order in the admin, or "" if the project has no admin."""
    with suppress(NoReverseMatch):
        return site + reverse("admin:stripe_cart_order_change", args=[order.pk]) if site else ""
    return ""


def site_url(order: Order) -> str:
    """Return the URL of the site without a path, for the links in an e-mail about ``order``.

    The URL is ``STRIPE_CART_BASE_URL``. If this setting is not set, it is the URL of the site where
    the order was placed. If that is not known either, the URL is "", and the e-mail has no links.
    The URL is not read from a request, because webhooks and commands send e-mails, too.
    """
    if conf.base_url:
        return conf.base_url
    params = order.session_params if isinstance(order.session_params, dict) else {}
    success = urlsplit(str(params.get("success_url", "")))
    return f"{success.scheme}://{success.netloc}" if success.netloc else ""
