"""Model field for Stripe's ids."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class StripeIdField(models.CharField):
    """Model field for an id at Stripe. Ids are case-sensitive.

    In the default collation of MySQL and MariaDB, ``evt_CsA`` equals ``evt_csa``, so the field has
    another collation there.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 255)
        super().__init__(*args, **kwargs)

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        column_type = super().db_type(connection)
        return f"{column_type} COLLATE utf8mb4_bin" if connection.vendor == "mysql" else column_type
