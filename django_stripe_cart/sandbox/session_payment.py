"""The payment of a Checkout Session: the form, 3D Secure and bank debits."""

from collections.abc import Mapping

from django_stripe_cart.sandbox import charges, payment_intents
from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.api.sessions import set_shipping_rate, update_totals
from django_stripe_cart.sandbox.cards import find_card
from django_stripe_cart.sandbox.disputes import open_dispute
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.payment import Payment
from django_stripe_cart.sandbox.payment_form import FormError, PaymentForm

SESSION = "checkout.session"


def submit_form(account: Account, session_id: str, data: Mapping[str, str]) -> Payment:
    """Pay an open session with the data of the payment form, and return the result.

    A session that is complete or expired is not changed.
    """
    session = account.get(SESSION, session_id)
    if session["status"] != "open":
        return current_payment(session)
    form = PaymentForm.read(data, session)
    _choose_shipping(account, session, form.shipping_rate)
    method = _payment_method_type(session, form.method)
    needs_card = method == "card" and session["amount_total"] > 0
    try:
        billing = form.billing_details(account.clock.now(), needs_card=needs_card)
    except FormError as error:
        return Payment(
            "declined", decline_code=error.code, message=error.message, field=error.field
        )
    session["_"]["billing"] = billing
    account.save(session)
    if session["amount_total"] == 0:
        return _complete_session(account, session, "no_payment_required")
    if method != "card":
        return _pay_by_bank_debit(account, session, method, billing)
    return _pay_by_card(account, session, form.number, billing)


def confirm_3ds(account: Account, session_id: str, *, ok: bool) -> Payment:
    """Complete 3D Secure, and charge the card. With `ok=False`, 3D Secure fails."""
    session = account.get(SESSION, session_id)
    if session["status"] != "open":
        return current_payment(session)
    intent = account.get("payment_intent", session["payment_intent"] or "")
    if intent["status"] != "requires_action":
        return current_payment(session)
    if not ok:
        payment_intents.fail_3ds(account, intent)
        message = payment_intents.AUTHENTICATION_FAILED
        return Payment("declined", decline_code="authentication_required", message=message)
    return _charge_card(account, session, intent)


def settle_bank_debit(account: Account, session_id: str, *, ok: bool) -> Payment:
    """Settle a session's pending bank debit. With `ok=False`, the debit fails."""
    session = account.get(SESSION, session_id)
    intent = account.get("payment_intent", session["payment_intent"] or "")
    if intent["status"] != "processing":
        return current_payment(session)
    charges.settle_bank_debit(account, intent, ok=ok)
    if ok:
        session["payment_status"] = "paid"
    account.save(session)
    name = "async_payment_succeeded" if ok else "async_payment_failed"
    account.emit(f"checkout.session.{name}", session)
    return current_payment(session) if ok else Payment("declined", message=charges.DEBIT_FAILED)


def current_payment(session: Object) -> Payment:
    """Return the result of paying a session, according to the session's status."""
    if session["status"] == "expired":
        return Payment("expired", message="This checkout session has expired.")
    if session["status"] == "open":
        return Payment("declined", message="Nothing is waiting for you to confirm.")
    if session["payment_status"] == "unpaid":
        return Payment("processing", success_url(session))
    is_paid = session["payment_status"] == "paid"
    return Payment("paid" if is_paid else "complete", success_url(session))


def bank_debit_type(session: Object) -> str | None:
    """Return the type of bank debit that a session offers, or None."""
    types = session["payment_method_types"]
    return next((type for type in types if type.endswith(("_debit", "_bank_account"))), None)


def success_url(session: Object) -> str:
    """Return a session's success URL, with the session's id filled in."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _choose_shipping(account: Account, session: Object, rate_id: str) -> None:
    """If a session offers a shipping rate, choose the rate and update the session's totals."""
    offered = [option["shipping_rate"] for option in session["shipping_options"]]
    if rate_id in offered:
        set_shipping_rate(session, account.get("shipping_rate", rate_id))
        update_totals(account, session)


def _payment_method_type(session: Object, wanted: str) -> str:
    """Return the type of payment method to use: the session's bank debit, or `card`."""
    debit = bank_debit_type(session)
    takes_cards = "card" in session["payment_method_types"]
    return debit if debit and (wanted == "bank_debit" or not takes_cards) else "card"


def _pay_by_card(account: Account, session: Object, number: str, billing: Object) -> Payment:
    """Charge a card.

    If the card requires 3D Secure, do not charge the card yet. Send the shopper to 3D Secure first.
    """
    intent = payment_intents.start_intent(account, session)
    card = find_card(number)
    payment_intents.attach_payment_method(account, intent, "card", billing, card)
    if card.asks_3ds:
        url = f"{account.base_url}/c/pay/{session['id']}/authenticate"
        payment_intents.require_3ds(account, intent, return_url=url)
        return Payment("action_required", url)
    return _charge_card(account, session, intent)


def _charge_card(account: Account, session: Object, intent: Object) -> Payment:
    """Charge the card of a payment intent. If the charge succeeds, complete the session.

    Some test cards then cause a dispute.
    """
    method = account.get("payment_method", intent["payment_method"])
    card = find_card(intent["_"]["card"])
    if not charges.charge_card(account, intent, method):
        return Payment("declined", decline_code=card.decline_code, message=card.message)
    payment = _complete_session(account, session, "paid")
    if card.is_disputed:
        open_dispute(account, account.get("charge", intent["latest_charge"]))
    return payment


def _pay_by_bank_debit(account: Account, session: Object, type: str, billing: Object) -> Payment:
    """Start a bank debit, and complete the session.

    The session is unpaid until the debit succeeds.
    """
    intent = payment_intents.start_intent(account, session)
    method = payment_intents.attach_payment_method(account, intent, type, billing)
    charges.charge_bank_account(account, intent, method)
    return _complete_session(account, session, "unpaid")


def _complete_session(account: Account, session: Object, payment_status: str) -> Payment:
    """Mark a session as complete, create the session's event, and return the result of paying."""
    billing = session["_"]["billing"]
    session.update(
        status="complete",
        payment_status=payment_status,
        url=None,
        customer_details=_customer_details(billing),
    )
    if session["automatic_tax"]["enabled"]:
        session["automatic_tax"]["status"] = "complete"
    account.save(session)
    account.emit("checkout.session.completed", session)
    return current_payment(session)


def _customer_details(billing: Object) -> Object:
    """Return the `customer_details` of a complete session, from its billing details."""
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {
        "address": address,
        "business_name": None,
        "email": billing["email"],
        "individual_name": None,
        "name": billing["name"],
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
