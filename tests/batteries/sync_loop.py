"""A loop of ``stripe_cart_sync`` in the place of cron: ``python -m tests.batteries.sync_loop``."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from io import StringIO

from django.core.management import CommandError, call_command

from tests.batteries.worker_process import Services, connect_to

PAUSE = 0.3  # seconds


def sync_until_orphaned() -> None:
    """Sync again and again, until the parent process has ended."""
    parent = os.getppid()
    while os.getppid() == parent:
        with suppress(CommandError):  # the next run retries what failed
            call_command("stripe_cart_sync", stdout=StringIO(), stderr=StringIO())
        time.sleep(PAUSE)


if __name__ == "__main__":
    connect_to(Services(os.environ["BATTERY_DATABASE"], os.environ["BATTERY_STRIPE"]))
    sync_until_orphaned()
