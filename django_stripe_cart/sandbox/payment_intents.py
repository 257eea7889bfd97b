"""The steps of a payment intent before its charge succeeds."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.cards import Card
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.payment_intent import build_payment_intent
from django_stripe_cart.sandbox.objects.payment_method import build_payment_method

AUTHENTICATION_FAILED = (
    "We could not authenticate your payment method. Choose another one and try again."
)


def start_intent(account: Account, session: Object) -> Object:
    """Return a session's payment intent, with the session's total as the amount.

    The first attempt to pay creates the payment intent.
    """
    if session["payment_intent"]:
        intent = account.get("payment_intent", session["payment_intent"])
        intent["amount"] = session["amount_total"]
        return account.save(intent)
    intent = account.save(build_payment_intent(session, created=account.clock.now()))
    session["payment_intent"] = intent["id"]
    account.save(session)
    account.emit("payment_intent.created", intent)
    return intent


def attach_payment_method(
    account: Account, intent: Object, type: str, billing: Object, card: Card | None = None
) -> Object:
    """Attach a new payment method to a payment intent, and return the payment method.

    The payment method is a card, or a bank account if `card` is None.
    """
    method = account.save(build_payment_method(type, billing, card, created=account.clock.now()))
    intent["_"]["card"] = card and card.number
    intent["payment_method"] = method["id"]
    account.save(intent)
    return method


def require_3ds(account: Account, intent: Object, *, return_url: str) -> None:
    """Make a payment intent wait for 3D Secure before the charge."""
    intent["status"] = "requires_action"
    intent["next_action"] = {
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": return_url, "url": return_url},
    }
    account.save(intent)
    account.emit("payment_intent.requires_action", intent)


def fail_3ds(account: Account, intent: Object) -> None:
    """Record that 3D Secure failed, and make the payment intent require another payment method."""
    require_payment_method(
        account, intent, "payment_intent_authentication_failure", AUTHENTICATION_FAILED
    )


def cancel_intent(account: Account, intent: Object) -> None:
    """Cancel the payment intent of an expired session."""
    intent.update(
        status="canceled",
        canceled_at=account.clock.now(),
        cancellation_reason="expired",
        next_action=None,
    )
    account.save(intent)
    account.emit("payment_intent.canceled", intent)


def require_payment_method(
    account: Account,
    intent: Object,
    code: str,
    message: str,
    *,
    charge: str | None = None,
    decline_code: str | None = None,
) -> None:
    """Record why a payment failed, and make the payment intent require another payment method."""
    method = account.get("payment_method", intent["payment_method"])
    error = {
        "charge": charge,
        "code": code,
        "decline_code": decline_code,
        "message": message,
        "payment_method": method,
        "type": "card_error" if method["type"] == "card" else "invalid_request_error",
    }
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_payment_error={key: value for key, value in error.items() if value is not None},
    )
    account.save(intent)
    account.emit("payment_intent.payment_failed", intent)
