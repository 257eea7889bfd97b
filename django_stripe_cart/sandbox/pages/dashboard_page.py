"""The dashboard: the latest sessions, with buttons that act for banks and merchants."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.currencies import format_amount
from django_stripe_cart.sandbox.disputes import CLOSED, is_disputed
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.http import Object, Response
from django_stripe_cart.sandbox.pages.rendering import redirect, render_not_found, render_page
from django_stripe_cart.sandbox.pages.summary import merchant_name
from django_stripe_cart.sandbox.radar import WARNING, find_open_review
from django_stripe_cart.sandbox.refunds import amount_refundable
from django_stripe_cart.sandbox.session_payment import SESSION
from django_stripe_cart.sandbox.simulated_actions import SimulatedActions

SHOWN = 50
STATES = {
    "open": "Open",
    "expired": "Expired",
    "paid": "Paid",
    "no_payment_required": "Nothing to pay",
    "processing": "Waiting for the bank",
    "unpaid": "Not paid",
}


class DashboardPage:
    """The views of the dashboard."""

    def __init__(self, account: Account, actions: SimulatedActions) -> None:
        self._account = account
        self._actions: dict[str, Callable[[str], object]] = {
            "settle": actions.settle,
            "fail": lambda id: actions.settle(id, ok=False),
            "expire": actions.expire,
            "resend": actions.resend,
            "refund": actions.refund,
            "dispute": actions.open_dispute,
            "win": lambda id: actions.close_dispute(self._get_dispute(id), won=True),
            "lose": lambda id: actions.close_dispute(self._get_dispute(id), won=False),
            "review": lambda id: actions.open_review(id, opened_reason="manual"),
            "approve": lambda id: actions.close_review(self._get_review(id)),
            "warn": actions.warn_of_fraud,
        }

    def show(self) -> Response:
        """Show the latest sessions and webhooks, the endpoints and the sandbox's time."""
        find = self._account.store.find
        context: dict[str, Any] = {
            "sessions": [
                self._session_row(s) for s in find(SESSION, newest_first=True, limit=SHOWN)
            ],
            "endpoints": find("webhook_endpoint"),
            "deliveries": find("delivery", newest_first=True, limit=12),
            "now": _format_time(self._account.clock.now()),
            "is_moved": self._account.clock.now() != self._account.clock.wall(),
        }
        return render_page("dashboard.html", context)

    def run_action(self, session_id: str, form: Mapping[str, str]) -> Response:
        """Run an action on a session, and show the dashboard again.

        The form contains the name of the action, from the button that was pressed.
        """
        action = self._actions.get(form.get("action", ""))
        if action is None:
            return render_not_found()
        action(session_id)
        return redirect("/")

    def move_clock(self, form: Mapping[str, str]) -> Response:
        """Advance the clock by the hours in the form, and show the dashboard again."""
        hours = form.get("hours", "")
        if hours.isdigit() and len(hours) < 5:
            self._account.clock.advance(hours=int(hours))
        return redirect("/")

    def _session_row(self, session: Object) -> dict[str, Any]:
        """Return the template context of a session's row."""
        charge = self._find_paid_charge(session) or {}
        refunded = charge.get("amount_refunded", 0)
        state = self._session_state(session)
        return {
            "id": session["id"],
            "url": session["url"],
            "merchant": merchant_name(self._account, session),
            "reference": session["client_reference_id"] or "",
            "created": _format_time(session["created"]),
            "total": format_amount(session["amount_total"], session["currency"]),
            "state": state,
            "state_text": STATES[state],
            "receipt_url": charge.get("receipt_url"),
            "refunded": refunded and format_amount(refunded, session["currency"]),
            "is_refundable": bool(charge) and self._is_refundable(charge),
            "dispute": self._dispute_status(charge),
            "is_in_review": bool(charge) and find_open_review(self._account, charge) is not None,
            "is_warned": bool(charge) and self._is_warned(charge),
            "takes_warnings": charge.get("payment_method_details", {}).get("type") == "card",
        }

    def _session_state(self, session: Object) -> str:
        """Return a key of `STATES` that describes a session and its payment."""
        if session["status"] != "complete":
            return str(session["status"])
        if session["payment_status"] != "unpaid":
            return str(session["payment_status"])
        intent = self._account.get("payment_intent", session["payment_intent"])
        return "processing" if intent["status"] == "processing" else "unpaid"

    def _find_paid_charge(self, session: Object) -> Object | None:
        """Return the charge that paid a session, or None."""
        charges = self._account.store.find("charge", payment_intent=session["payment_intent"])
        return next((charge for charge in charges if charge["paid"]), None)

    def _is_refundable(self, charge: Object) -> bool:
        """Return whether the charge can be refunded now."""
        return amount_refundable(charge) > 0 and not is_disputed(self._account, charge)

    def _is_warned(self, charge: Object) -> bool:
        """Return whether the bank sent an early fraud warning about the charge."""
        return bool(self._account.store.find(WARNING, charge=charge["id"]))

    def _dispute_status(self, charge: Object) -> str:
        """Return the status of the dispute over a charge, or an empty string."""
        dispute = self._find_dispute(charge)
        return dispute["status"] if dispute else ""

    def _get_dispute(self, session_id: str) -> Object:
        """Return the dispute over a session's charge. Raise `ApiError` if there is no dispute."""
        charge = self._find_paid_charge(self._account.get(SESSION, session_id)) or {}
        dispute = self._find_dispute(charge)
        if dispute is None:
            raise ApiError("This payment is not disputed.")
        return dispute

    def _find_dispute(self, charge: Object) -> Object | None:
        """Return the newest open dispute of a charge.

        If no dispute is open, return the newest closed dispute. If there is no dispute, return
        None.
        """
        disputes = self._account.store.find("dispute", charge=charge.get("id"), newest_first=True)
        is_open = (dispute for dispute in disputes if dispute["status"] not in CLOSED)
        return next(is_open, disputes[0] if disputes else None)

    def _get_review(self, session_id: str) -> Object:
        """Return the open review of a session's charge. Raise `ApiError` if no review is open."""
        charge = self._find_paid_charge(self._account.get(SESSION, session_id))
        review = charge and find_open_review(self._account, charge)
        if not review:
            raise ApiError("This payment is not in review.")
        return review


def _format_time(moment: int) -> str:
    """Return a Unix time as a readable date and time in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y, %H:%M UTC")
