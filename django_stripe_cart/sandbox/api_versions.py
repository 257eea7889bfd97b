"""Differences between the API versions that a client may request."""

import re
from typing import Any

from django_stripe_cart.sandbox.errors import ApiError

NEWEST = "2026-10-28.endive"
FORMAT = re.compile(r"^(\d{4}-\d{2}-\d{2})(\.[a-z]+)?$")

UI_MODES_RENAMED = "2026-03-25"
PAYMENT_METHOD_TYPES_REMOVED = "2026-09-30"
OLD_UI_MODES = {"hosted_page": "hosted", "embedded_page": "embedded", "elements": "custom"}


def check_version(version: str) -> str:
    """Return an API version unchanged. Raise `ApiError` if the version is malformed."""
    if not FORMAT.match(version):
        raise ApiError(f"Invalid Stripe API version: {version}")
    return version


def is_since(version: str, date: str) -> bool:
    """Return whether an API version is at least as new as a date such as `2026-03-25`."""
    return version[:10] >= date


def allowed_ui_modes(version: str) -> list[str]:
    """Return the values that the parameter `ui_mode` may have in an API version."""
    if is_since(version, UI_MODES_RENAMED):
        return ["hosted_page", "embedded_page", "elements", "form"]
    return list(OLD_UI_MODES.values())


def convert(data: Any, version: str) -> Any:
    """Return one or more objects in the format of an API version.

    `data` is an object or a list of objects, in the newest format.
    """
    if is_since(version, UI_MODES_RENAMED):
        return data
    if isinstance(data, list):
        return [convert(item, version) for item in data]
    if not isinstance(data, dict):
        return data
    older = {key: convert(value, version) for key, value in data.items()}
    if data.get("object") == "checkout.session":
        older["ui_mode"] = OLD_UI_MODES.get(data["ui_mode"], data["ui_mode"])
    return older
