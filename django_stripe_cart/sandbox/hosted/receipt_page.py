"""The receipt at a charge's `receipt_url`."""

from datetime import UTC, datetime

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.checkout import SESSION
from django_stripe_cart.sandbox.currencies import display
from django_stripe_cart.sandbox.hosted.rendering import page
from django_stripe_cart.sandbox.hosted.summary import summarize
from django_stripe_cart.sandbox.http import Object, Response


def show_receipt(account: Account, charge_id: str) -> Response:
    """Show the amount, the payment method and refunds of a charge."""
    charge = account.get("charge", charge_id)
    intent = account.get("payment_intent", charge["payment_intent"])
    session = account.get(SESSION, intent["_"]["session"])
    refunded = charge["amount_refunded"]
    context = {
        "session": summarize(account, session),
        "number": charge["id"][-8:].upper(),
        "paid_on": datetime.fromtimestamp(charge["created"], UTC).strftime("%d %B %Y"),
        "method": _method(charge),
        "status": charge["status"],
        "refunded": refunded and display(refunded, charge["currency"]),
        "email": charge["billing_details"]["email"],
    }
    return page("receipt.html", context)


def _method(charge: Object) -> str:
    details = charge["payment_method_details"]
    if details["type"] == "card":
        return f"{details['card']['brand'].title()} ending in {details['card']['last4']}"
    return "Bank debit"
