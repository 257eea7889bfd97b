from __future__ import annotations

import pytest
from django.conf import settings as site


@pytest.fixture(autouse=True)
def advised_database(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database of a host that took our advice. Django's own checks ask it about JSON."""
    options = {"transaction_mode": "IMMEDIATE", "timeout": 20}
    monkeypatch.setitem(site.DATABASES["default"], "OPTIONS", options)
