"""Fixtures for pytest-django: ``pytest_plugins = ["django_stripe_cart.testing.fixtures"]``.

For example, with a fixture ``mug`` of your own::

    def test_a_paid_order_is_packed(stripe_sandbox, shopper, mug):
        shopper.add(mug)
        shopper.check_out()
        stripe_sandbox.pay(shopper.order.session_url)

        assert shopper.order.packing_slip
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_stripe_cart.models import Order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing import factories
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.sandbox import SETTINGS, connected_sandbox


@pytest.fixture
def stripe_sandbox(settings: Any) -> Iterator[Sandbox]:
    """Return a sandbox, which answers every call to Stripe and sends webhooks to the site.

    Webhooks arrive at once. After ``stripe_sandbox.hold_deliveries = True``, they wait until
    ``stripe_sandbox.deliver()`` is called.
    """
    for name, value in SETTINGS.items():
        setattr(settings, name, value)
    with connected_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def shopper(db: None, stripe_sandbox: Sandbox) -> Browser:
    """Return the browser of a new user, who is signed in."""
    return Browser(factories.make_user())


@pytest.fixture
def make_order(db: None, stripe_sandbox: Sandbox) -> Callable[..., Order]:
    """Return ``factories.make_order`` for this sandbox: ``make_order("paid", items={mug: 2})``."""
    return functools.partial(factories.make_order, stripe_sandbox)
