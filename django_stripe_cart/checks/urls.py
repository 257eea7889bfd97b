"""The URLs of the shop and the webhook, and the site's own address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.shortcuts import resolve_url
from django.urls import (
    LocalePrefixPattern,
    NoReverseMatch,
    Resolver404,
    URLPattern,
    URLResolver,
    get_resolver,
    get_script_prefix,
    resolve,
    reverse,
)

from django_stripe_cart.checks.registry import checked, mistake
from django_stripe_cart.conf import conf

WEBHOOK = "stripe_cart_webhook"

NO_SHOP = mistake(
    "W004",
    "The shop's URLs are not mounted.",
    hint='Add path("shop/", include("django_stripe_cart.urls")) to your URLconf.',
)
NO_WEBHOOK = mistake(
    "W012",
    "The webhook's URL is not mounted: Stripe can't tell of payments.",
    hint='Add path("stripe/webhook/", include("django_stripe_cart.webhook_urls")) to your URLconf.',
)
WEBHOOK_PER_LANGUAGE = mistake(
    "W013",
    "The webhook's URL is inside i18n_patterns: Stripe speaks none of your languages.",
    hint='Move include("django_stripe_cart.webhook_urls") out of i18n_patterns.',
)
WEBHOOK_TAKEN = mistake(
    "W014",
    "The webhook's address %(path)s is answered by %(view)s, which stands before it.",
    hint="Move it to the top of your URLconf, or to an address of its own.",
)
NO_LOGIN = mistake(
    "W022",
    "LOGIN_URL is %(url)r, where nothing answers: shoppers can't sign in.",
    hint='Add path("accounts/", include("django.contrib.auth.urls")) and a template '
    "registration/login.html, set LOGIN_URL, or set STRIPE_CART_ALLOW_GUESTS = True.",
)
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
def urls() -> Iterable[CheckMessage]:
    if not hasattr(settings, "ROOT_URLCONF"):  # a project of commands alone has none
        return
    if _find("stripe_cart:cart") is None:
        yield NO_SHOP()
    elif not conf.allow_guests and not _answers(settings.LOGIN_URL):
        yield NO_LOGIN(url=str(settings.LOGIN_URL))
    path = _find(WEBHOOK)
    if path is None:
        yield NO_WEBHOOK()
    elif _is_per_language():
        yield WEBHOOK_PER_LANGUAGE()
    else:
        yield from _who_answers(path)


def _find(name: str) -> str | None:
    try:
        return reverse(name)
    except (NoReverseMatch, ImproperlyConfigured):
        return None


def _who_answers(path: str) -> Iterator[CheckMessage]:
    match = resolve(_inside(path))
    if match.url_name != WEBHOOK:
        yield WEBHOOK_TAKEN(path=path, view=match._func_path)


def _is_per_language() -> bool:
    chains = _chains(get_resolver().url_patterns, ())
    (chain, *_others) = [chain for pattern, chain in chains if pattern.name == WEBHOOK]
    return any(isinstance(resolver.pattern, LocalePrefixPattern) for resolver in chain)


Chain = tuple[URLResolver, ...]


def _chains(
    patterns: Sequence[URLPattern | URLResolver], above: Chain
) -> Iterator[tuple[URLPattern, Chain]]:
    """Every pattern, with the includes that lead to it."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _chains(pattern.url_patterns, (*above, pattern))
        else:
            yield pattern, above


def _answers(login_url: str) -> bool:
    """Whether a view of this site is there; other sites are taken at their word."""
    try:
        url = resolve_url(login_url)
    except NoReverseMatch:
        return False
    if not url.startswith("/") or url.startswith("//"):
        return True
    path = _inside(url).partition("?")[0]
    # As APPEND_SLASH and LocaleMiddleware would lead there.
    ways = {
        path,
        f"{path}/",
        f"/{settings.LANGUAGE_CODE}{path}",
        f"/{settings.LANGUAGE_CODE}{path}/",
    }
    return any(_resolves(way) for way in ways)


def _resolves(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _inside(url: str) -> str:
    """The path as URLconfs know it, below the prefix that the server serves us under."""
    prefix = get_script_prefix()
    return "/" + url.removeprefix(prefix) if url.startswith(prefix) else url


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
