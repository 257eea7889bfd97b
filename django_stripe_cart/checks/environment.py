"""Requirements on the project: middleware, the session cookie and packages."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from django_stripe_cart.checks.registry import message, register_without_database

NO_AUTHENTICATION = message(
    "W017",
    "MIDDLEWARE has no AuthenticationMiddleware: no shopper is ever signed in.",
    hint='Add "django.contrib.auth.middleware.AuthenticationMiddleware".',
)
NO_SESSIONS = message(
    "W018",
    "MIDDLEWARE has no SessionMiddleware: shoppers can't sign in, and guests can't have a cart.",
    hint='Add "django.contrib.sessions.middleware.SessionMiddleware", before '
    "AuthenticationMiddleware.",
)
NO_MESSAGES = message(
    "W019",
    "MIDDLEWARE has no MessageMiddleware: errors at checkout are never shown.",
    hint='Add "django.contrib.messages" to INSTALLED_APPS, and '
    '"django.contrib.messages.middleware.MessageMiddleware" after SessionMiddleware.',
)
STRICT_COOKIE = message(
    "W005",
    'SESSION_COOKIE_SAMESITE is "Strict": shoppers return from Stripe signed out.',
    hint='Use "Lax", Django\'s default.',
)
CONFLICTING_FSM = message(
    "E009",
    "django-fsm is installed beside django-fsm-2, and both are imported as django_fsm.",
    hint="pip uninstall django-fsm, then pip install --force-reinstall django-fsm-2.",
)

REQUIRED = {
    AuthenticationMiddleware: NO_AUTHENTICATION,
    SessionMiddleware: NO_SESSIONS,
    MessageMiddleware: NO_MESSAGES,
}


@register_without_database
def check_middleware() -> Iterable[CheckMessage]:
    """Check that MIDDLEWARE has the classes that the shop needs, or subclasses of them."""
    if not hasattr(settings, "ROOT_URLCONF"):  # a project without URLs serves no pages
        return
    classes = [_import_or_none(path) for path in settings.MIDDLEWARE]
    for required, missing in REQUIRED.items():
        if not any(isinstance(one, type) and issubclass(one, required) for one in classes):
            yield missing()


def _import_or_none(path: str) -> object:
    """Return the object at a dotted path, or None if it can't be imported."""
    try:
        return import_string(path)
    except ImportError:  # Django itself reports this, and serves nothing until it is fixed
        return None


@register_without_database
def check_session_cookie() -> Iterable[CheckMessage]:
    """Check that the session cookie is sent when the shopper returns from Stripe."""
    if str(settings.SESSION_COOKIE_SAMESITE).lower() == "strict":
        yield STRICT_COOKIE()


@register_without_database
def check_conflicting_fsm() -> Iterable[CheckMessage]:
    """Check that django-fsm is not installed: it conflicts with django-fsm-2."""
    try:
        distribution("django-fsm")
    except PackageNotFoundError:
        return
    yield CONFLICTING_FSM()
