"""What became of a shopper's attempt to pay."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["paid", "declined", "action_required", "processing", "complete", "expired"]


@dataclass(frozen=True)
class Payment:
    """The answer of the payment page.

    `complete` is a session with nothing to pay. `redirect_url` is where the shopper is sent next:
    the success address, or the step that 3D Secure asks for. After a decline, `field` names the
    part of the form that is to blame, if one is.
    """

    status: Status
    redirect_url: str | None = None
    decline_code: str | None = None
    message: str | None = None
    field: str | None = None
