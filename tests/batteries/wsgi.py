"""A server of the shop that others start: ``gunicorn tests.batteries.wsgi:application``.

Or, as ``python -m tests.batteries.wsgi``, what cron would do, again and again.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from io import StringIO

from django.core.management import CommandError, call_command
from django.core.wsgi import get_wsgi_application

from tests.batteries.worker_process import Place, move_to

PAUSE = 0.3  # seconds

move_to(Place(os.environ["BATTERY_DATABASE"], os.environ["BATTERY_STRIPE"]))
application = get_wsgi_application()


def sync_for_ever() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        with suppress(CommandError):  # what could not be finished is tried again
            call_command("stripe_cart_sync", stdout=StringIO(), stderr=StringIO())
        time.sleep(PAUSE)


if __name__ == "__main__":
    sync_for_ever()
