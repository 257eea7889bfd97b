"""URLs of the shop, the webhook and the login page, and the site's base URL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
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

from django_stripe_cart.checks.registry import message, register_without_database
from django_stripe_cart.conf import conf

WEBHOOK = "stripe_cart_webhook"

NO_SHOP = message(
    "W004",
    "The shop's URLs are not mounted.",
    hint='Add path("shop/", include("django_stripe_cart.urls")) to your URLconf.',
)
NO_WEBHOOK = message(
    "W012",
    "The webhook's URL is not mounted: Stripe can't report payments.",
    hint='Add path("stripe/webhook/", include("django_stripe_cart.webhook_urls")) to your URLconf.',
)
WEBHOOK_IN_I18N_PATTERNS = message(
    "W013",
    "The webhook's URL is inside i18n_patterns, so it changes with the language.",
    hint='Move include("django_stripe_cart.webhook_urls") out of i18n_patterns.',
)
WEBHOOK_SHADOWED = message(
    "W014",
    "The webhook's URL %(path)s is answered by %(view)s, which comes before it.",
    hint="Move it to the top of your URLconf, or give it a URL of its own.",
)
LOGIN_URL_NOT_FOUND = message(
    "W022",
    "LOGIN_URL is %(url)r, which matches no view: shoppers can't sign in.",
    hint='Add path("accounts/", include("django.contrib.auth.urls")) and a template '
    "registration/login.html, set LOGIN_URL, or set STRIPE_CART_ALLOW_GUESTS = True.",
)
ANY_HOST = message(
    "W006",
    "ALLOWED_HOSTS allows any host, so Stripe could send shoppers to a forged one.",
    hint="List your hosts in it, or set STRIPE_CART_BASE_URL.",
)
INVALID_BASE_URL = message(
    "E011",
    "STRIPE_CART_BASE_URL is %(url)r, which is not a URL.",
    hint='Begin it with the scheme, as in "https://shop.example".',
)
BASE_URL_REDIRECTS = message(
    "W015",
    "STRIPE_CART_BASE_URL is %(url)r, which %(setting)s redirects: "
    "Stripe counts a redirected webhook as failed.",
    hint="Set it to the URL that it is redirected to.",
)


@register_without_database
def check_urls() -> Iterable[CheckMessage]:
    """Check that the shop, the webhook and the login page have URLs."""
    if not hasattr(settings, "ROOT_URLCONF"):  # a project that only runs commands has no URLconf
        return
    if _reverse_or_none("stripe_cart:cart") is None:
        yield NO_SHOP()
    elif not conf.allow_guests and not _has_view(settings.LOGIN_URL):
        yield LOGIN_URL_NOT_FOUND(url=str(settings.LOGIN_URL))
    path = _reverse_or_none(WEBHOOK)
    if path is None:
        yield NO_WEBHOOK()
    elif _is_webhook_in_i18n_patterns():
        yield WEBHOOK_IN_I18N_PATTERNS()
    else:
        match = resolve(_strip_script_prefix(path))
        if match.url_name != WEBHOOK:
            yield WEBHOOK_SHADOWED(path=path, view=_view_path(match.func))


def _reverse_or_none(name: str) -> str | None:
    """Return the path of the URL ``name``, or None if the URLconf does not have it."""
    try:
        return reverse(name)
    except (NoReverseMatch, ImproperlyConfigured):
        return None


def _view_path(func: Callable[..., Any]) -> str:
    """Return the dotted path of a view function, or of the class of a class-based view."""
    view = getattr(func, "view_class", func)
    return f"{view.__module__}.{getattr(view, '__name__', type(view).__name__)}"


def _is_webhook_in_i18n_patterns() -> bool:
    """Return whether the webhook's URL is inside ``i18n_patterns``."""
    chains = _walk_patterns(get_resolver().url_patterns, ())
    (chain, *_others) = [chain for pattern, chain in chains if pattern.name == WEBHOOK]
    return any(isinstance(resolver.pattern, LocalePrefixPattern) for resolver in chain)


Chain = tuple[URLResolver, ...]


def _walk_patterns(
    patterns: Sequence[URLPattern | URLResolver], above: Chain
) -> Iterator[tuple[URLPattern, Chain]]:
    """Yield each URL pattern with the chain of resolvers that include it, the outermost first."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk_patterns(pattern.url_patterns, (*above, pattern))
        else:
            yield pattern, above


def _has_view(login_url: str) -> bool:
    """Return whether LOGIN_URL has a view. Return True if the URL is on another site."""
    try:
        url = resolve_url(login_url)
    except NoReverseMatch:
        return False
    if not url.startswith("/") or url.startswith("//"):
        return True
    path = _strip_script_prefix(url).partition("?")[0]
    # APPEND_SLASH and LocaleMiddleware may redirect to these.
    prefixes, ends = ("", f"/{settings.LANGUAGE_CODE}"), ("", "/")
    return any(_resolves(prefix + path + end) for prefix in prefixes for end in ends)


def _resolves(path: str) -> bool:
    """Return whether the URLconf has a view for the path."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _strip_script_prefix(url: str) -> str:
    """Return the URL without the prefix under which the WSGI server mounts the site."""
    prefix = get_script_prefix()
    return "/" + url.removeprefix(prefix) if url.startswith(prefix) else url


@register_without_database
def check_allowed_hosts() -> Iterable[CheckMessage]:
    """Check that a request with a forged host can't make Stripe redirect shoppers to that host."""
    if "*" in settings.ALLOWED_HOSTS and not conf.base_url:
        yield ANY_HOST()


@register_without_database
def check_base_url() -> Iterable[CheckMessage]:
    """Check that STRIPE_CART_BASE_URL is a URL, and that Django does not redirect from it."""
    url = conf.base_url
    if not url:
        return
    if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", url):
        yield INVALID_BASE_URL(url=url)
    elif url.startswith("http:") and settings.SECURE_SSL_REDIRECT and not _is_webhook_exempt():
        yield BASE_URL_REDIRECTS(url=url, setting="SECURE_SSL_REDIRECT")
    elif settings.PREPEND_WWW and not urlsplit(url).netloc.startswith("www."):
        yield BASE_URL_REDIRECTS(url=url, setting="PREPEND_WWW")


def _is_webhook_exempt() -> bool:
    """Return whether SECURE_REDIRECT_EXEMPT exempts the webhook from the redirect to HTTPS."""
    path = _reverse_or_none(WEBHOOK)
    if path is None:
        return False
    return any(re.search(rule, path.lstrip("/")) for rule in settings.SECURE_REDIRECT_EXEMPT)
