"""A worker process with a configured host project.

A fork server imports this module once and is forked for each worker. It has a single thread and no
database connection, so a fork can not share either.
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
from tests.batteries.tracepoints import trace_requests

GO = "go"


@dataclass(frozen=True)
class Services:
    """The name of the database and the URL of the Stripe API that all processes share."""

    database: str
    stripe: str


def run_worker(pipe: Connection, services: Services) -> None:
    """Run the jobs that arrive through ``pipe``, until it sends ``None``."""
    connect_to(services)
    with transport(trace_requests(DeadlineHTTPClient())):
        while (job := pipe.recv()) is not None:
            pipe.send(_run(pipe, *job))
    connection.close()


def run_jobs(pipe: Connection, function: Callable[..., Any], jobs: list[tuple[Any, ...]]) -> Any:
    """Report readiness, wait for the start signal, and run the jobs in their order."""
    pipe.send(("ready", None))
    assert pipe.recv() == GO
    return [function(*job) for job in jobs]


def run_job(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    return function(*arguments, report=lambda report: pipe.send(("report", report)))


def browser_of(user_pk: int) -> Browser:
    """Return the shopper's browser in this process or thread, signed in at the first call."""
    browsers = _local.__dict__.setdefault("browsers", {})
    if user_pk not in browsers:
        browser = Browser(User.objects.get(pk=user_pk))
        browser.client.raise_request_exception = False  # an exception becomes a 500, as in a shop
        browsers[user_pk] = browser
    return browsers[user_pk]


_local = threading.local()


def connect_to(services: Services) -> None:
    """Configure this process for the shared database and Stripe API."""
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["*"]
    settings.STRIPE_CART_API_BASE = services.stripe
    connection.settings_dict["NAME"] = services.database
    connection.ensure_connection()
    start_counting()


def _run(pipe: Connection, function: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    try:
        return "done", function(pipe, *arguments)
    except Exception:
        return "failed", traceback.format_exc()


def _warm_up() -> None:
    """Do before the fork what each process would do at its first request."""
    get_resolver().url_patterns  # noqa: B018
    Client()


_warm_up()
