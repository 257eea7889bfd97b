"""What a log file would hold: each line as it is written down, its traceback included."""

from __future__ import annotations

import logging
from collections.abc import Iterable

# The sandbox's own is left out: it speaks in tests, where a traceback is welcome.
OURS = ("stripe_cart", "stripe")


def formatted(records: Iterable[logging.LogRecord]) -> list[str]:
    return [
        logging.Formatter("%(name)s: %(message)s").format(record)
        for record in package_records(records)
    ]


def package_records(records: Iterable[logging.LogRecord]) -> list[logging.LogRecord]:
    return [record for record in records if record.name in OURS]
