"""Stripe's test cards and their behavior."""

from dataclasses import dataclass

DECLINED = "Your card was declined."


@dataclass(frozen=True)
class Card:
    """A card number and its behavior: decline, 3D Secure, dispute or refund failure."""

    number: str
    label: str
    brand: str = "visa"
    country: str = "US"
    decline_code: str | None = None
    code: str = "card_declined"
    message: str = ""
    asks_3ds: bool = False
    is_disputed: bool = False
    refund: str = "succeeded"

    @property
    def display_number(self) -> str:
        """Return the number in groups of four."""
        return " ".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))


def _decline(number: str, label: str, decline_code: str, message: str, code: str = "") -> Card:
    return Card(
        number, label, decline_code=decline_code, code=code or "card_declined", message=message
    )


FEATURED = [
    Card("4242424242424242", "Pays"),
    Card("4000002500003155", "Asks for 3D Secure", asks_3ds=True),
    Card("4000002760003184", "Asks for 3D Secure, each time", asks_3ds=True),
    Card(
        "4000008400001629",
        "3D Secure, then declined",
        asks_3ds=True,
        decline_code="generic_decline",
        message=DECLINED,
    ),
    _decline("4000000000000002", "Declined", "generic_decline", DECLINED),
    _decline(
        "4000000000009995",
        "Insufficient funds",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    _decline("4000000000009987", "Lost card", "lost_card", DECLINED),
    _decline("4000000000009979", "Stolen card", "stolen_card", DECLINED),
    _decline(
        "4000000000000069", "Expired card", "expired_card", "Your card has expired.", "expired_card"
    ),
    _decline(
        "4000000000000127",
        "Wrong security code",
        "incorrect_cvc",
        "Your card's security code is incorrect.",
        "incorrect_cvc",
    ),
    _decline(
        "4000000000000119",
        "Processing error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        "processing_error",
    ),
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
    """Return a test card. Any other number is treated as a real card, and is declined."""
    found = CARDS.get(number)
    return found or _decline(
        number,
        "Not a test card",
        "test_mode_live_card",
        f"{DECLINED} This is a sandbox: only test cards work here.",
    )


def passes_luhn(number: str) -> bool:
    """Return whether the number passes the Luhn checksum."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0
