"""The result of an attempt to pay."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["paid", "declined", "action_required", "processing", "complete", "expired"]


@dataclass(frozen=True)
class Payment:
    """The result of an attempt to pay.

    The status `complete` means that there is nothing to pay. `redirect_url` is the URL of the next
    page, which is the success page or the 3D Secure page. If a field of the payment form is
    invalid, `field` is the name of that field.
    """

    status: Status
    redirect_url: str | None = None
    decline_code: str | None = None
    message: str | None = None
    field: str | None = None
