"""Shared parts of the tests that remove a guard: the parametrization and the interleaving."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.batteries.actions import Action
from tests.batteries.interleaving import SURELY_BLOCKED_AFTER, Interleaving, interleave
from tests.batteries.scenarios import Scenario

with_and_without_guard = pytest.mark.parametrize(
    "guarded", [True, False], ids=["guarded", "mutant"]
)


def refuses_stale_writes() -> bool:
    """Return whether this database refuses a write that is based on an outdated read."""
    if connection.vendor != "mysql":
        return connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'")
        row = cursor.fetchone()
    return row is not None and row[1] == "ON"


def interleave_at(
    scenario: Scenario, first: Action, second: Action, *, at: str, nth: int = 1
) -> Interleaving:
    """Run ``second`` at the ``nth`` tracepoint of ``first`` that is named ``at``."""
    seen = 0

    def is_chosen(_number: int, name: str) -> bool:
        nonlocal seen
        seen += name == at
        return seen == nth

    pk = scenario.shopper.user.pk
    # The damage needs a second action that runs to its end: on a busy machine, wait for it.
    interleaving = interleave(
        scenario.shop.sandbox,
        first,
        second,
        at=is_chosen,
        users=(pk, pk),
        blocked_after=SURELY_BLOCKED_AFTER,
    )
    assert interleaving.has_met, interleaving.points
    return interleaving
