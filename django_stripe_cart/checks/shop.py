"""The shop's settings: product model, currency, Checkout Sessions and e-mails."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module

from django.conf import settings
from django.core.checks import CheckMessage
from django.db import models
from django.db.migrations.loader import MigrationLoader

from django_stripe_cart.checks.registry import message, register_without_database
from django_stripe_cart.conf import (
    DEFAULT_SESSION_MINUTES,
    EMAIL_KINDS,
    conf,
    parse_session_minutes,
)
from django_stripe_cart.models import get_product_model
from django_stripe_cart.money import CURRENCIES, is_currency

MAX_SHOP_ID_LENGTH = 100

NO_PRODUCT_MODEL = message(
    "E005",
    "STRIPE_CART_PRODUCT_MODEL is %(name)r, which is not installed.",
    hint="Use 'app_label.ModelName', and add its app to INSTALLED_APPS.",
)
NO_LINE_ITEM = message(
    "E006",
    "%(name)s has no method as_line_item().",
    hint="Let it return a django_stripe_cart.line_items.LineItem, or subclass AbstractProduct.",
)
NO_STOCK_FIELD = message(
    "E010",
    "%(name)s.stock_field is %(field)r, which is not one of its fields.",
    hint="Name the field that holds the stock, or set stock_field = None.",
)
# A warning: an error would prevent makemigrations from running.
NO_MIGRATIONS = message(
    "W011",
    "%(name)s is in an app without migrations, so its table is never created.",
    hint="Run python manage.py makemigrations %(app)s, then python manage.py migrate.",
)
INVALID_CURRENCY = message(
    "E003",
    "STRIPE_CART_CURRENCY is %(currency)r, which is not a currency code.",
    hint="Use a code of three letters, such as 'usd'.",
)
UNKNOWN_CURRENCY = message(
    "W010",
    "STRIPE_CART_CURRENCY is %(currency)r, which Stripe is not known to support.",
    hint="See docs.stripe.com/currencies. If it is listed there, silence this check.",
)
INVALID_MINUTES = message(
    "E004",
    "STRIPE_CART_SESSION_MINUTES must be a whole number from 31 to 1439; 60 is used instead.",
    hint="Stripe keeps a session open for 30 minutes to 24 hours; 60 is the default.",
)
INVALID_SESSION_OPTIONS = message(
    "E012",
    "STRIPE_CART_SESSION_OPTIONS does not name a function.",
    hint='Use the dotted path of a function of the order, as in "shop.payments.session_options".',
)
INVALID_SHOP_ID = message(
    "E016",
    "STRIPE_CART_SHOP_ID is %(value)r, which is neither an id nor a function.",
    hint="An id is a str of 1 to 100 characters without spaces around it. The default is made "
    "from SECRET_KEY.",
)
INVALID_EMAILS = message(
    "W026",
    "STRIPE_CART_EMAILS is %(value)r, which names no e-mail of the shop.",
    hint='True for all, False for none, or some of ["paid", "fulfilled", "refunded", "failed"].',
)


@register_without_database
def check_product_model() -> Iterable[CheckMessage]:
    """Check that the product model exists, has what the shop needs, and has migrations."""
    try:
        model = get_product_model()
    except (LookupError, ValueError, AttributeError):
        yield NO_PRODUCT_MODEL(name=conf.product_model)
        return
    if not callable(getattr(model, "as_line_item", None)):
        yield NO_LINE_ITEM(name=conf.product_model)
    stock_field = getattr(model, "stock_field", None)
    if stock_field and stock_field not in {field.name for field in model._meta.get_fields()}:
        yield NO_STOCK_FIELD(name=conf.product_model, field=stock_field)
    if not _has_migrations(model):
        yield NO_MIGRATIONS(name=conf.product_model, app=model._meta.app_label)


def _has_migrations(model: type[models.Model]) -> bool:
    """Return whether the model's app has migrations.

    Also return True if MIGRATION_MODULES turns the migrations of the app off.
    """
    name, _is_chosen = MigrationLoader.migrations_module(model._meta.app_label)
    if name is None:
        return True
    try:
        folder = import_module(name).__path__
    except (ImportError, AttributeError):
        return False
    names = [found.name for found in pkgutil.iter_modules(folder) if not found.ispkg]
    return any(name[0] not in "_~" for name in names)


@register_without_database
def check_currency() -> Iterable[CheckMessage]:
    """Check that STRIPE_CART_CURRENCY is a currency that Stripe supports."""
    if not is_currency(conf.currency):
        yield INVALID_CURRENCY(currency=conf.currency)
    elif conf.currency not in CURRENCIES:
        yield UNKNOWN_CURRENCY(currency=conf.currency)


@register_without_database
def check_session_minutes() -> Iterable[CheckMessage]:
    """Check that STRIPE_CART_SESSION_MINUTES is a lifetime that Stripe accepts."""
    minutes = getattr(settings, "STRIPE_CART_SESSION_MINUTES", DEFAULT_SESSION_MINUTES)
    if parse_session_minutes(minutes) is None:
        yield INVALID_MINUTES()


@register_without_database
def check_session_options() -> Iterable[CheckMessage]:
    """Check that STRIPE_CART_SESSION_OPTIONS names a function."""
    try:
        is_valid = conf.session_options is None or callable(conf.session_options)
    except (ImportError, AttributeError):
        is_valid = False
    if not is_valid:
        yield INVALID_SESSION_OPTIONS()


@register_without_database
def check_shop_id() -> Iterable[CheckMessage]:
    """Check that STRIPE_CART_SHOP_ID, if set, is an id or a function.

    The function is not called: it may need a request, or a database that is not ready yet.
    """
    value = getattr(settings, "STRIPE_CART_SHOP_ID", None)
    if value is None or callable(value):
        return
    is_id = isinstance(value, str) and value == value.strip()
    if not is_id or not 1 <= len(value) <= MAX_SHOP_ID_LENGTH:
        yield INVALID_SHOP_ID(value=value)


@register_without_database
def check_email_kinds() -> Iterable[CheckMessage]:
    """Check that STRIPE_CART_EMAILS contains only kinds of e-mail that exist."""
    value = getattr(settings, "STRIPE_CART_EMAILS", True)
    if isinstance(value, bool) or value is None:
        return
    is_list = isinstance(value, list | tuple | set | frozenset)
    unknown = [kind for kind in value if kind not in EMAIL_KINDS] if is_list else [value]
    if unknown:
        yield INVALID_EMAILS(value=value)
