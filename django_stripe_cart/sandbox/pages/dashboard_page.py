"""The dashboard: the latest sessions, with buttons that act for banks and merchants."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.currencies import format_amount
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.http import Object, Response
from django_stripe_cart.sandbox.pages.rendering import redirect, render_not_found, render_page
from django_stripe_cart.sandbox.pages.summary import merchant_name
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
            "win": lambda id: actions.close_dispute(self._find_dispute(id), won=True),
            "lose": lambda id: actions.close_dispute(self._find_dispute(id), won=False),
        }

    def show(self) -> Response:
        """Show the latest sessions and webhooks, and the time in the sandbox."""
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
        """Run the action of the button that was pressed for a session."""
        action = self._actions.get(form.get("action", ""))
        if action is None:
            return render_not_found()
        action(session_id)
        return redirect("/")

    def move_clock(self, form: Mapping[str, str]) -> Response:
        """Advance the clock by the hours in the form."""
        hours = form.get("hours", "")
        if hours.isdigit() and len(hours) < 5:
            self._account.clock.advance(hours=int(hours))
        return redirect("/")

    def _session_row(self, session: Object) -> dict[str, Any]:
        """Return the template context of one session."""
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
            "is_refundable": bool(charge) and amount_refundable(charge) > 0,
            "dispute": self._dispute_status(charge),
        }

    def _session_state(self, session: Object) -> str:
        """Return the state of a session and its payment as one word, a key of `STATES`."""
        if session["status"] != "complete":
            return str(session["status"])
        if session["payment_status"] != "unpaid":
            return str(session["payment_status"])
        intent = self._account.get("payment_intent", session["payment_intent"])
        return "processing" if intent["status"] == "processing" else "unpaid"

    def _find_paid_charge(self, session: Object) -> Object | None:
        """Return the session's paid charge, or None."""
        charges = self._account.store.find("charge", payment_intent=session["payment_intent"])
        return next((charge for charge in charges if charge["paid"]), None)

    def _dispute_status(self, charge: Object) -> str:
        """Return the status of a charge's latest dispute, or an empty string."""
        disputes = self._account.store.find("dispute", charge=charge.get("id"))
        return disputes[-1]["status"] if disputes else ""

    def _find_dispute(self, session_id: str) -> Object:
        """Return the latest dispute of a session's charge. Raise `ApiError` if there is none."""
        charge = self._find_paid_charge(self._account.get(SESSION, session_id)) or {}
        disputes = self._account.store.find("dispute", charge=charge.get("id"))
        if not disputes:
            raise ApiError("This payment is not disputed.")
        return disputes[-1]


def _format_time(moment: int) -> str:
    """Return a Unix time as text."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y, %H:%M UTC")
