"""The result of an attempt to pay."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["paid", "declined", "action_required", "processing", "complete", "expired"]


@dataclass(frozen=True)
class Payment:
    """The result of an attempt to pay.

    The status `complete` means that there was nothing to pay. `redirect_url` is the next page: the
    success URL, or the 3D Secure page. After a decline, `field` is the name of the invalid field of
    the payment form, if there is one.
    """

    status: Status
    redirect_url: str | None = None
    decline_code: str | None = None
    message: str | None = None
    field: str | None = None
