"""The form of the payment page, and its validation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django_stripe_cart.sandbox.cards import passes_luhn
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.parameters import EMAIL

EXPIRY = re.compile(r"^(\d{1,2})\s*/?\s*(\d{2}|\d{4})$")


class FormError(Exception):
    """An error in one field of the payment form."""

    def __init__(self, field: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.field, self.message, self.code = field, message, code


@dataclass(frozen=True)
class PaymentForm:
    """The data that a shopper typed into the payment form, as text."""

    method: str
    number: str
    expiry: str
    cvc: str
    name: str
    email: str
    shipping_rate: str

    @classmethod
    def read(cls, data: Mapping[str, str], session: Object) -> "PaymentForm":
        """Read the submitted data.

        The session's `customer_email` overrides the e-mail address that the shopper typed.
        """
        text = {name: str(data.get(name, "")).strip()[:500] for name in cls.__dataclass_fields__}
        text["number"] = re.sub(r"[\s-]", "", text["number"])
        text["email"] = session["customer_email"] or text["email"]
        return cls(**text)

    def billing_details(self, now: int, *, needs_card: bool) -> Object:
        """Validate the form, and return the payer's name, e-mail address and card expiry.

        Raise `FormError` if a field is invalid. The card is validated only if `needs_card` is true.
        """
        if not EMAIL.match(self.email):
            raise FormError("email", "Enter a valid e-mail address.")
        if needs_card:
            self._check_card_number()
        month, year = self._read_expiry(now) if needs_card else (None, None)
        if needs_card and not re.match(r"^\d{3,4}$", self.cvc):
            raise FormError("cvc", "Your card's security code is incomplete.", "invalid_cvc")
        if not self.name:
            raise FormError("name", "Enter the name of the person who pays.")
        return {"email": self.email, "name": self.name, "exp_month": month, "exp_year": year}

    def _check_card_number(self) -> None:
        """Raise `FormError` if the card number is incomplete or fails its checksum."""
        if not re.match(r"^\d{13,19}$", self.number):
            raise FormError("number", "Your card number is incomplete.", "invalid_number")
        if not passes_luhn(self.number):
            raise FormError("number", "Your card number is not valid.", "incorrect_number")

    def _read_expiry(self, now: int) -> tuple[int, int]:
        """Return the card's expiry month and year.

        Raise `FormError` if the expiry date is invalid or in the past.
        """
        match = EXPIRY.match(self.expiry)
        if match is None or not 1 <= int(match[1]) <= 12:
            raise FormError(
                "expiry", "Enter the expiry date as month / year.", "invalid_expiry_month"
            )
        month, year = int(match[1]), int(match[2]) % 100 + 2000
        today = datetime.fromtimestamp(now, UTC)
        if (year, month) < (today.year, today.month):
            raise FormError(
                "expiry", "Your card's expiry date is in the past.", "invalid_expiry_year"
            )
        return month, year
