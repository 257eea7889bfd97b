"""The receipt of a charge."""

from datetime import UTC, datetime

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.currencies import format_amount
from django_stripe_cart.sandbox.http import Object, Response
from django_stripe_cart.sandbox.pages.rendering import render_page
from django_stripe_cart.sandbox.pages.summary import summarize
from django_stripe_cart.sandbox.session_payment import SESSION


def show_receipt(account: Account, charge_id: str) -> Response:
    """Show the receipt of a charge: its amount, its payment method and the refunded amount."""
    charge = account.get("charge", charge_id)
    intent = account.get("payment_intent", charge["payment_intent"])
    session = account.get(SESSION, intent["_"]["session"])
    refunded = charge["amount_refunded"]
    context = {
        "session": summarize(account, session),
        "number": charge["id"][-8:].upper(),
        "paid_on": datetime.fromtimestamp(charge["created"], UTC).strftime("%d %B %Y"),
        "method": _payment_method_text(charge),
        "status": charge["status"],
        "refunded": refunded and format_amount(refunded, charge["currency"]),
        "email": charge["billing_details"]["email"],
    }
    return render_page("receipt.html", context)


def _payment_method_text(charge: Object) -> str:
    """Return a charge's payment method as text, e.g. `Visa ending in 4242`."""
    details = charge["payment_method_details"]
    if details["type"] == "card":
        return f"{details['card']['brand'].title()} ending in {details['card']['last4']}"
    return "Bank debit"
