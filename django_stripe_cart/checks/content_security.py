"""A Content-Security-Policy (Django's or django-csp's) that blocks Stripe or the shop's files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage

from django_stripe_cart.checks.registry import message, register_without_database
from django_stripe_cart.conf import conf

STRIPE_CHECKOUT = "https://checkout.stripe.com"
CSP_SETTINGS = ("SECURE_CSP", "CONTENT_SECURITY_POLICY")

# Directives that apply to each kind of file, the most specific first.
DIRECTIVES = {
    "script": ("script-src-elem", "script-src", "default-src"),
    "stylesheet": ("style-src-elem", "style-src", "default-src"),
    "requests": ("connect-src", "default-src"),
}

STRIPE_BLOCKED = message(
    "W008",
    "%(setting)s blocks Stripe: shoppers can't check out without JavaScript.",
    hint='The checkout form redirects to Stripe: add "%(stripe)s" to "form-action".',
)
OWN_FILES_BLOCKED = message(
    "W016",
    "%(setting)s blocks the shop's own %(what)s.",
    hint='Add "\'self\'" to "%(directive)s" (or the host of STATIC_URL, if that is another one).',
)


@register_without_database
def check_form_action() -> Iterable[CheckMessage]:
    """Check that the Content-Security-Policy lets the checkout form redirect to Stripe."""
    stripe = conf.api_base or STRIPE_CHECKOUT
    for setting, policy in _read_policies():
        sources = policy.get("form-action")
        if sources is not None and not _allows(sources, stripe):
            yield STRIPE_BLOCKED(setting=setting, stripe=stripe)


@register_without_database
def check_own_files() -> Iterable[CheckMessage]:
    """Check that the Content-Security-Policy allows the shop's script, stylesheet and requests."""
    static = str(settings.STATIC_URL or "")
    for setting, policy in _read_policies():
        for what, directives in DIRECTIVES.items():
            named = next((name for name in directives if name in policy), None)
            address = "" if what == "requests" else static
            if named and not _allows(policy[named], address):
                yield OWN_FILES_BLOCKED(setting=setting, what=what, directive=named)


def _read_policies() -> Iterator[tuple[str, Mapping[str, list[str]]]]:
    """Yield the name and the policy of each setting that has a Content-Security-Policy.

    The policy is a dict that maps each directive to its list of sources.
    """
    for setting in CSP_SETTINGS:
        policy = getattr(settings, setting, None)
        policy = policy.get("DIRECTIVES", policy) if isinstance(policy, Mapping) else {}
        if isinstance(policy, Mapping):
            read = {str(name): _parse_sources(value) for name, value in policy.items()}
            yield setting, {name: found for name, found in read.items() if found is not None}


def _parse_sources(value: Any) -> list[str] | None:
    """Return the sources of a policy's directive, or None if the value turns the directive off."""
    if value is None or isinstance(value, bool):
        return None
    return value.split() if isinstance(value, str) else [str(source) for source in value]


def _allows(sources: list[str], address: str) -> bool:
    """Return whether the sources allow ``address``, which is a URL or a path on this site."""
    parts = urlsplit(address)
    hosts = [parts.hostname] if parts.hostname else _own_hosts()
    schemes = [parts.scheme] if parts.scheme else ["https", "http"]
    own = [] if parts.hostname else ["'self'"]
    allowed = {*own, "*", *(f"{scheme}:" for scheme in schemes)}
    return any(
        source in allowed or any(_matches_host(source, host) for host in hosts)
        for source in sources
    )


def _own_hosts() -> list[str]:
    """Return the hosts of this site: ALLOWED_HOSTS, and the host of STRIPE_CART_BASE_URL."""
    base = urlsplit(conf.base_url or "").hostname
    return [*(host.removeprefix(".") for host in settings.ALLOWED_HOSTS), *([base] if base else [])]


def _matches_host(source: str, host: str) -> bool:
    """Return whether a policy's source, such as ``https://*.stripe.com``, matches the host."""
    named = urlsplit(source if "//" in source else f"//{source}").netloc.partition(":")[0]
    if named.startswith("*."):
        return host.endswith(named[1:])
    return bool(named) and named == host
