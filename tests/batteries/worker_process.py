"""A host in a process of its own: what runs there, and where its database and its Stripe are.

A server process imports this once, and is then forked for each worker: it has one thread and no
connection, so there is nothing that a fork could tear.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import django
from django.apps import apps

if not apps.ready:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import get_resolver

from django_stripe_cart.gateway.client import transport
from django_stripe_cart.gateway.http import DeadlineHTTPClient
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.payment_counter import start_counting
from tests.batteries.tracepoints import watch_requests

GO = "go"


@dataclass(frozen=True)
class Place:
    """The one database and the one Stripe that all processes share."""

    database: str
    stripe: str


def work(pipe: Connection, place: Place) -> None:
    """Do what the pipe says until it says no more."""
    move_to(place)
    with transport(watch_requests(DeadlineHTTPClient())):
        while (job := pipe.recv()) is not None:
            pipe.send(_do(pipe, *job))
    connection.close()


def run_all(pipe: Connection, function: Callable[..., Any], jobs: list[tuple[Any, ...]]) -> Any:
    """Say that we are ready, wait until all are, and do one job after the other."""
    pipe.send(("ready", None))
    assert pipe.recv() == GO
    return [function(*job) for job in jobs]


def run_one(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    return function(*arguments, say=lambda said: pipe.send(("said", said)))


def browser_of(user_pk: int) -> Browser:
    """The shopper's browser in this process or thread, signed in at the first call."""
    browsers = _here.__dict__.setdefault("browsers", {})
    if user_pk not in browsers:
        browser = Browser(User.objects.get(pk=user_pk))
        browser.client.raise_request_exception = False  # a failure is answered 500, as it would be
        browsers[user_pk] = browser
    return browsers[user_pk]


_here = threading.local()


def move_to(place: Place) -> None:
    """Make this process one of the shop at ``place``."""
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["*"]
    settings.STRIPE_CART_API_BASE = place.stripe
    connection.settings_dict["NAME"] = place.database
    connection.ensure_connection()
    start_counting()


def _do(pipe: Connection, function: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    try:
        return "done", function(pipe, *arguments)
    except Exception:
        return "failed", traceback.format_exc()


def _warm_up() -> None:
    """What every process would otherwise do at its first request."""
    get_resolver().url_patterns  # noqa: B018
    Client()


_warm_up()
