"""Fixtures: a shop in a database that several processes share, and Stripe on a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.payment_counter import start_counting, stop_counting
from tests.batteries.scenarios import Scenario
from tests.batteries.shop import Shop
from tests.batteries.worker_process import Services

HERE = Path(__file__).parent

# What these prove is the same on each database, so they run on one.
ON_ONE_DATABASE = (
    "test_access.py",
    "test_deadlines.py",
    "test_forged_webhooks.py",
    "test_stripe_faults.py",
    "test_stripe_mutants.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as a battery: it takes minutes, and runs separately."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.battery)
            if item.path.name not in ON_ONE_DATABASE:
                item.add_marker(pytest.mark.database)


@pytest.fixture
def shop(transactional_db: None, sandbox: Sandbox) -> Iterator[Shop]:
    sandbox.hold_deliveries = True
    start_counting()
    with sandbox.serve() as server:
        yield Shop(sandbox, Services(str(connection.settings_dict["NAME"]), server.url))
    stop_counting()


@pytest.fixture
def scenario(shop: Shop) -> Scenario:
    return Scenario.create(shop)
