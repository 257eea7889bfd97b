"""Stripe's test cards and their behavior."""

from dataclasses import dataclass

DECLINED = "Your card was declined."
# Messages by decline code; all others are `DECLINED`.
MESSAGES = {
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "insufficient_funds": "Your card has insufficient funds.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "test_mode_live_card": f"{DECLINED} This is a sandbox: only test cards work here.",
}
# Decline codes that are also error codes; the error code of all others is `card_declined`.
ERROR_CODES = ("expired_card", "incorrect_cvc", "processing_error")


@dataclass(frozen=True)
class Card:
    """A test card and its behavior, such as a decline, 3D Secure, a dispute or a failing refund."""

    number: str
    label: str
    brand: str = "visa"
    country: str = "US"
    decline_code: str | None = None
    asks_3ds: bool = False
    is_disputed: bool = False
    refund: str = "succeeded"

    @property
    def display_number(self) -> str:
        """Return the card number in groups of four digits."""
        return " ".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))

    @property
    def error_code(self) -> str:
        """Return the code of the API error for a decline of this card."""
        return self.decline_code if self.decline_code in ERROR_CODES else "card_declined"

    @property
    def message(self) -> str:
        """Return the message that a shopper sees when this card is declined."""
        return MESSAGES.get(self.decline_code or "", DECLINED)


FEATURED = [
    Card("4242424242424242", "Pays"),
    Card("4000002500003155", "Asks for 3D Secure", asks_3ds=True),
    Card("4000002760003184", "Asks for 3D Secure, each time", asks_3ds=True),
    Card(
        "4000008400001629",
        "3D Secure, then declined",
        decline_code="generic_decline",
        asks_3ds=True,
    ),
    Card("4000000000000002", "Declined", decline_code="generic_decline"),
    Card("4000000000009995", "Insufficient funds", decline_code="insufficient_funds"),
    Card("4000000000009987", "Lost card", decline_code="lost_card"),
    Card("4000000000009979", "Stolen card", decline_code="stolen_card"),
    Card("4000000000000069", "Expired card", decline_code="expired_card"),
    Card("4000000000000127", "Wrong security code", decline_code="incorrect_cvc"),
    Card("4000000000000119", "Processing error", decline_code="processing_error"),
    Card("4242424242424241", "Mistyped number"),
    Card("4000000000000259", "Pays, then disputed", is_disputed=True),
    Card("4000000000007726", "Pays; a refund waits first", refund="pending"),
    Card("4000000000005126", "Pays; a refund fails later", refund="fails"),
]
OTHERS = [
    Card("4000056655665556", "Visa debit"),
    Card("4000003560000008", "Visa, India", country="IN"),
    Card("4000008260000000", "Visa, United Kingdom", country="GB"),
    Card("4000002760000016", "Visa, Germany", country="DE"),
    Card("5555555555554444", "Mastercard", brand="mastercard"),
    Card("2223003122003222", "Mastercard, 2-series", brand="mastercard"),
    Card("378282246310005", "American Express", brand="amex"),
    Card("6011111111111117", "Discover", brand="discover"),
    Card("3566002020360505", "JCB", brand="jcb"),
]
CARDS = {card.number: card for card in [*FEATURED, *OTHERS]}


def find_card(number: str) -> Card:
    """Return the test card with this number.

    If there is no such test card, return a card that is always declined.
    """
    unknown = Card(number, "Not a test card", decline_code="test_mode_live_card")
    return CARDS.get(number, unknown)


def passes_luhn(number: str) -> bool:
    """Return whether a card number passes the Luhn checksum."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0
