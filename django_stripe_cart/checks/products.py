"""The host's product model, and the one question that it has to answer."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module

from django.core.checks import CheckMessage
from django.db import models
from django.db.migrations.loader import MigrationLoader

from django_stripe_cart.checks.registry import checked, mistake
from django_stripe_cart.conf import conf
from django_stripe_cart.models import get_product_model

NOT_INSTALLED = mistake(
    "E005",
    "STRIPE_CART_PRODUCT_MODEL is %(name)r, which is not installed.",
    hint="Use 'app_label.ModelName', and add its app to INSTALLED_APPS.",
)
NO_LINE_ITEM = mistake(
    "E006",
    "%(name)s has no method as_line_item().",
    hint="Return a django_stripe_cart.line_items.LineItem, or build on AbstractProduct.",
)
NO_STOCK_FIELD = mistake(
    "E010",
    "%(name)s.stock_field is %(field)r, which is not a field of it.",
    hint="Name the column that counts the stock, or set stock_field = None.",
)
# A warning, for an error would keep makemigrations from running.
NO_MIGRATIONS = mistake(
    "W011",
    "%(name)s is in an app without migrations, so its table is never made.",
    hint="python manage.py makemigrations %(app)s, then python manage.py migrate.",
)


@checked
def product_model() -> Iterable[CheckMessage]:
    try:
        model = get_product_model()
    except (LookupError, ValueError, AttributeError):
        yield NOT_INSTALLED(name=conf.product_model)
        return
    if not callable(getattr(model, "as_line_item", None)):
        yield NO_LINE_ITEM(name=conf.product_model)
    stock_field = getattr(model, "stock_field", None)
    if stock_field and stock_field not in {field.name for field in model._meta.get_fields()}:
        yield NO_STOCK_FIELD(name=conf.product_model, field=stock_field)
    if not _has_migrations(model):
        yield NO_MIGRATIONS(name=conf.product_model, app=model._meta.app_label)


def _has_migrations(model: type[models.Model]) -> bool:
    """Whether its app has any, or is exempt from them by MIGRATION_MODULES."""
    name, _is_chosen = MigrationLoader.migrations_module(model._meta.app_label)
    if name is None:
        return True
    try:
        folder = import_module(name).__path__
    except (ImportError, AttributeError):
        return False
    names = [found.name for found in pkgutil.iter_modules(folder) if not found.ispkg]
    return any(name[0] not in "_~" for name in names)
