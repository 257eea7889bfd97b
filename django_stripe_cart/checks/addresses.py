"""Under which address the site is reached by shoppers who come back, and by Stripe."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage
from django.urls import NoReverseMatch, reverse

from django_stripe_cart.checks.registry import checked, mistake
from django_stripe_cart.conf import conf

ANY_HOST = mistake(
    "W006",
    "ALLOWED_HOSTS takes any host, so a forged one could be where Stripe sends shoppers.",
    hint="Name your hosts, or set STRIPE_CART_BASE_URL.",
)
NO_ADDRESS = mistake(
    "E011",
    "STRIPE_CART_BASE_URL is %(url)r, which is no address.",
    hint='It begins with the scheme, as "https://shop.example" does.',
)
REDIRECTED = mistake(
    "W015",
    "STRIPE_CART_BASE_URL is %(url)r, from where %(setting)s redirects: "
    "to Stripe, a webhook that is redirected has failed.",
    hint="Give the address to which it redirects.",
)


@checked
def return_address() -> Iterable[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS and not conf.base_url:
        yield ANY_HOST()


@checked
def base_url() -> Iterable[CheckMessage]:
    url = conf.base_url
    if not url:
        return
    if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", url):
        yield NO_ADDRESS(url=url)
    elif url.startswith("http:") and settings.SECURE_SSL_REDIRECT and not _is_exempt():
        yield REDIRECTED(url=url, setting="SECURE_SSL_REDIRECT")
    elif settings.PREPEND_WWW and not urlsplit(url).netloc.startswith("www."):
        yield REDIRECTED(url=url, setting="PREPEND_WWW")


def _is_exempt() -> bool:
    """Whether SECURE_REDIRECT_EXEMPT leaves the webhook alone."""
    try:
        path = reverse("stripe_cart_webhook").lstrip("/")
    except NoReverseMatch:
        return False
    return any(re.search(pattern, path) for pattern in settings.SECURE_REDIRECT_EXEMPT)
