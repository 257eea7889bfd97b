"""What can be looked at, and neither added, changed nor deleted by hand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


class Window:
    """Not even for a superuser is there anything to save behind it."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
