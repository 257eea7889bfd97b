"""Fixtures for events that no webhook brings."""

from __future__ import annotations

import pytest

from django_stripe_cart.sandbox import Sandbox


@pytest.fixture
def silent(sandbox: Sandbox) -> Sandbox:
    """A Stripe whose webhooks do not arrive."""
    sandbox.hold_deliveries = True
    return sandbox
