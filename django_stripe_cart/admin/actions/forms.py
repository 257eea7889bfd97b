"""The form that confirms an action. Forms with fields extend it."""

from __future__ import annotations

from typing import Any

from django import forms


class ConfirmForm(forms.Form):
    """A form without fields: submitting it confirms the action."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    @property
    def is_pointless(self) -> bool:
        """Return whether nothing is left to confirm, because the action was done before."""
        return False

    @property
    def notes(self) -> list[str]:
        """Return sentences that are shown before the fields."""
        return []
