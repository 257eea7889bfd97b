"""What the project brings: middleware, the session cookie and installed packages."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from django_stripe_cart.checks.registry import checked, mistake

NO_AUTHENTICATION = mistake(
    "W017",
    "MIDDLEWARE has no AuthenticationMiddleware: to the shop, nobody is ever signed in.",
    hint='Add "django.contrib.auth.middleware.AuthenticationMiddleware".',
)
NO_SESSIONS = mistake(
    "W018",
    "MIDDLEWARE has no SessionMiddleware: nobody can sign in, and guests can't have a cart.",
    hint='Add "django.contrib.sessions.middleware.SessionMiddleware", before that of auth.',
)
NO_MESSAGES = mistake(
    "W019",
    "MIDDLEWARE has no MessageMiddleware: what goes wrong at checkout is never said.",
    hint='Add "django.contrib.messages" to INSTALLED_APPS, and '
    '"django.contrib.messages.middleware.MessageMiddleware" after that of sessions.',
)
STRICT = mistake(
    "W005",
    'SESSION_COOKIE_SAMESITE is "Strict": shoppers come back from Stripe signed out.',
    hint='Use "Lax", Django\'s default.',
)
OTHER_STATE_MACHINE = mistake(
    "E009",
    "django-fsm is installed beside django-fsm-2, and both are imported as django_fsm.",
    hint="pip uninstall django-fsm, then pip install --force-reinstall django-fsm-2.",
)

NEEDED = {
    AuthenticationMiddleware: NO_AUTHENTICATION,
    SessionMiddleware: NO_SESSIONS,
    MessageMiddleware: NO_MESSAGES,
}


@checked
def middleware() -> Iterable[CheckMessage]:
    if not hasattr(settings, "ROOT_URLCONF"):  # a project of commands alone serves nobody
        return
    there = [_load(path) for path in settings.MIDDLEWARE]
    for needed, missing in NEEDED.items():
        if not any(isinstance(one, type) and issubclass(one, needed) for one in there):
            yield missing()


def _load(path: str) -> object:
    try:
        return import_string(path)
    except ImportError:  # Django says so itself, and nothing is served until it is mended
        return None


@checked
def session_cookie() -> Iterable[CheckMessage]:
    if str(settings.SESSION_COOKIE_SAMESITE).lower() == "strict":
        yield STRICT()


@checked
def state_machine() -> Iterable[CheckMessage]:
    try:
        distribution("django-fsm")
    except PackageNotFoundError:
        return
    yield OTHER_STATE_MACHINE()
