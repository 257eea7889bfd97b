"""Fields that ``create_user`` requires, for any user model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model


def complete_user_fields(fields: Mapping[str, Any], *, name: str) -> dict[str, Any]:
    """Return ``fields`` with the user name and the e-mail address that the user model requires.

    ``name`` becomes the user name if ``fields`` does not contain a user name.
    """
    model = get_user_model()
    is_address = model.USERNAME_FIELD == "email"
    name = str(fields.get(model.USERNAME_FIELD, name))
    email = name if "@" in name else f"{name}@example.com"
    needed = {model.USERNAME_FIELD: email if is_address else name}
    if "email" in model.REQUIRED_FIELDS:
        needed["email"] = email
    return {**needed, **fields}
