"""Times as text for the pages of the admin."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import is_aware, localtime


def format_time(at: datetime) -> str:
    """Return a time in the current time zone as text, with the date."""
    local = localtime(at) if is_aware(at) else at
    return f"{date_format(local, 'DATE_FORMAT')}, {date_format(local, 'TIME_FORMAT')}"
