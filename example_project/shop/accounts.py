"""The people of the demo, whose passwords are no secret."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True)
class Account:
    username: str
    password: str
    purpose: str
    is_staff: bool = False


DEMO = (
    Account("demo", "demo", _("a shopper")),
    Account("staff", "staff", _("the shop's owner, with access to the admin"), is_staff=True),
)
