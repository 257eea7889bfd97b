"""Log records of the package, formatted as in a log file, with tracebacks."""

from __future__ import annotations

import logging
from collections.abc import Iterable

# Without the logger of the sandbox, which may log tracebacks in tests
OURS = ("stripe_cart", "stripe")


def formatted(records: Iterable[logging.LogRecord]) -> list[str]:
    return [
        logging.Formatter("%(name)s: %(message)s").format(record)
        for record in package_records(records)
    ]


def package_records(records: Iterable[logging.LogRecord]) -> list[logging.LogRecord]:
    return [record for record in records if record.name in OURS]
