"""What the tests have in common that take a guard away: the two ways, and where two meet."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.batteries.interleaving import A_LONG_MOMENT, Meeting, meet
from tests.batteries.scenarios import Case, Deed

each_way = pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "naive"])


def refuses_stale_writes() -> bool:
    """Whether this database throws out who writes on the strength of an old reading."""
    if connection.vendor != "mysql":
        return connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'")
        row = cursor.fetchone()
    return row is not None and row[1] == "ON"


def have_met(case: Case, first: Deed, second: Deed, *, at: str, nth: int = 1) -> Meeting:
    seen = 0

    def is_there(_number: int, name: str) -> bool:
        nonlocal seen
        seen += name == at
        return seen == nth

    pk = case.shopper.user.pk
    # Damage is done only where the second is quick enough: on a busy machine, wait for it.
    meeting = meet(
        case.shop.sandbox, first, second, at=is_there, users=(pk, pk), moment=A_LONG_MOMENT
    )
    assert meeting.met, meeting.points
    return meeting
