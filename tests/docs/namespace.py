"""The variables of the examples: a host's settings, URLs, models and functions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.dispatch import Signal
from django.test.utils import isolate_apps

from django_stripe_cart import signals
from tests import settings as host

SIGNALS = [value for value in vars(signals).values() if isinstance(value, Signal)]


def namespace(**more: Any) -> dict[str, Any]:
    """Return the variables that an example may use without an import; mutable ones are copies."""
    return {
        # The models of an example need the module of an app.
        "__name__": "django_stripe_cart.example",
        "BASE_DIR": Path("/srv/site"),
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}},
        "INSTALLED_APPS": list(host.INSTALLED_APPS),
        "MIDDLEWARE": list(host.MIDDLEWARE),
        "TEMPLATES": [{**host.TEMPLATES[0]}],
        "urlpatterns": [],
        "models": models,
        "CreditNote": MagicMock(),
        "mail_confirmation": MagicMock(),
        "send_to_warehouse": MagicMock(),
        **more,
    }


@contextmanager
def isolated(variables: dict[str, Any]) -> Iterator[None]:
    """Remove the receivers, models and modules of an example afterwards."""
    receivers = {signal: list(signal.receivers) for signal in SIGNALS}
    registered = dict(admin.site._registry)
    absent = {name: module for name, module in modules(variables) if name not in sys.modules}
    sys.modules.update(absent)
    try:
        with isolate_apps("django_stripe_cart"):
            yield
    finally:
        for name in absent:
            del sys.modules[name]
        admin.site._registry = registered
        for signal, before in receivers.items():
            signal.receivers = before
            signal.sender_receivers_cache.clear()
        apps.clear_cache()


def modules(variables: dict[str, Any]) -> Iterator[tuple[str, ModuleType]]:
    """What examples import that is not installed; a host's models are those of its page."""
    celery = ModuleType("celery")
    celery.shared_task = lambda function: function  # type: ignore[attr-defined]
    yield celery.__name__, celery
    yield "gallery.models", Models("gallery.models", variables)


class Models(ModuleType):
    """A host's models, once an example has made them."""

    def __init__(self, name: str, variables: dict[str, Any]) -> None:
        super().__init__(name)
        self._variables = variables

    def __getattr__(self, name: str) -> Any:
        try:
            return self._variables[name]
        except KeyError:
            raise AttributeError(name) from None


def product() -> Any:
    """Something for sale that no table holds."""
    from django_stripe_cart.line_items import LineItem

    item = LineItem(name="Mug", unit_amount=49900, currency="inr")
    return SimpleNamespace(pk=1, as_line_item=lambda: item, stock=3)
