"""The payment page and the 3D Secure page of a Checkout Session."""

from collections.abc import Mapping
from typing import Any

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.cards import FEATURED
from django_stripe_cart.sandbox.http import Object, Response
from django_stripe_cart.sandbox.pages.rendering import redirect, render_notice, render_page
from django_stripe_cart.sandbox.pages.summary import merchant_name, summarize
from django_stripe_cart.sandbox.payment import Payment
from django_stripe_cart.sandbox.session_payment import SESSION, bank_debit_type, success_url
from django_stripe_cart.sandbox.simulated_actions import SimulatedActions

BANK_NAMES = {
    "acss_debit": "Pre-authorized debit",
    "au_becs_debit": "BECS direct debit",
    "bacs_debit": "Bacs direct debit",
    "us_bank_account": "US bank account",
}
EXAMPLE = {
    "expiry": "12 / 34",
    "cvc": "123",
    "name": "Test Shopper",
    "email": "shopper@example.com",
}
FIELDS = ("method", "number", "expiry", "cvc", "name", "email", "shipping_rate")


class PaymentPage:
    """The views of the payment page and of the 3D Secure page."""

    def __init__(self, account: Account, actions: SimulatedActions) -> None:
        self._account, self._actions = account, actions

    def show(self, session_id: str, query: Mapping[str, str]) -> Response:
        """Show the payment form of an open session. For any other session, show its state.

        For browsers without JavaScript, the query `?card=` fills in a test card.
        """
        session = self._account.get(SESSION, session_id)
        if session["status"] != "open":
            return self._render_closed(session)
        chosen = next((card for card in FEATURED if card.number == query.get("card")), None)
        typed = {**EXAMPLE, "number": chosen.display_number} if chosen else {}
        return self._render_form(session, typed, None)

    def submit(self, session_id: str, form: Mapping[str, str]) -> Response:
        """Pay with the submitted form, and redirect the shopper.

        If the payment is declined, show the form again.
        """
        typed = {name: form.get(name, "") for name in FIELDS}
        return self._answer_payment(session_id, self._actions.pay(session_id, **typed), typed)

    def show_3ds(self, session_id: str) -> Response:
        """Show the 3D Secure page, or redirect to the payment page if 3D Secure is not required."""
        session = self._account.get(SESSION, session_id)
        if session["status"] != "open":
            return self._render_closed(session)
        intent = self._account.store.get(session["payment_intent"] or "")
        if intent is None or intent["status"] != "requires_action":
            return redirect(f"/c/pay/{session_id}")
        return render_page("authenticate.html", {"session": summarize(self._account, session)})

    def submit_3ds(self, session_id: str, form: Mapping[str, str]) -> Response:
        """Complete or fail 3D Secure, as the shopper chooses, and redirect the shopper.

        If 3D Secure or the payment fails, show the payment form.
        """
        payment = self._actions.confirm_3ds(session_id, ok=form.get("answer") == "complete")
        return self._answer_payment(session_id, payment, {})

    def _answer_payment(self, session_id: str, payment: Payment, typed: dict[str, str]) -> Response:
        """Redirect the shopper to the next page.

        If the payment is declined, show the form with the reason.
        """
        if payment.redirect_url:
            return redirect(payment.redirect_url)
        session = self._account.get(SESSION, session_id)
        if payment.status == "expired":
            return self._render_closed(session)
        return self._render_form(session, typed, payment)

    def _render_form(
        self, session: Object, typed: dict[str, str], payment: Payment | None
    ) -> Response:
        """Return the payment form, with the data that the shopper typed and the last decline."""
        debit = bank_debit_type(session)
        context: dict[str, Any] = {
            "session": summarize(self._account, session),
            "typed": {**typed, "email": session["customer_email"] or typed.get("email", "")},
            "email_is_fixed": bool(session["customer_email"]),
            "takes_cards": "card" in session["payment_method_types"],
            "bank": BANK_NAMES.get(debit, "Bank direct debit") if debit else "",
            "cards": FEATURED,
            "problem": payment,
        }
        return render_page("checkout.html", context)

    def _render_closed(self, session: Object) -> Response:
        """Return the page for a session that is expired or complete."""
        merchant = merchant_name(self._account, session)
        if session["status"] == "expired":
            return render_notice(
                "This checkout has expired",
                f"Nothing was charged. Go back to {merchant} to start again.",
                link=session["cancel_url"] or success_url(session),
                link_text=f"Back to {merchant}",
            )
        return render_notice(
            "This checkout is complete",
            f"There is nothing more to pay. {merchant} has your order.",
            link=success_url(session),
            link_text=f"Back to {merchant}",
        )
