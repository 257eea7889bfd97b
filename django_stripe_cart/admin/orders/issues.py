"""Issues of orders in words that staff understand: what happened, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_stripe_cart.admin.dashboard import dashboard_url, dispute_url, search_url
from django_stripe_cart.admin.orders.disputes import (
    due_text,
    find_dispute,
    reason_text,
    status_text,
)
from django_stripe_cart.models import Dispute, Order, OrderIssue, Refund
from django_stripe_cart.money import format_money

Reason = OrderIssue.Reason

EXPLANATIONS: dict[str, Any] = {
    Reason.AMOUNT_MISMATCH: gettext_lazy(
        "The shopper paid another amount than the order's total, so the order is not treated as "
        "paid. Accept the payment as it is, or refund it."
    ),
    Reason.PAID_WITHOUT_STOCK: gettext_lazy(
        "The payment arrived after the goods had been released, and there are not enough left. "
        "Add stock and accept the payment, or refund it."
    ),
    Reason.UNKNOWN_MONEY: gettext_lazy(
        "The shopper paid this order a second time. Refund the second payment in Stripe's "
        "Dashboard: this shop can't. The issue is closed once that payment is refunded."
    ),
    Reason.REFUND_FAILED: gettext_lazy(
        "The bank did not accept the refund, so the shopper has not got the money. Refund again, "
        "or pay the shopper in another way and settle this."
    ),
    Reason.REFUND_NOT_MADE: gettext_lazy(
        "Stripe does not have this refund, so no money was returned. Refund again if the shopper "
        "still is to get it, or settle this."
    ),
    Reason.REVIEW: gettext_lazy(
        "Stripe suspects fraud and wants you to look at the payment. Don't send the goods before "
        "you have approved it in Stripe's Dashboard; or refund it."
    ),
    Reason.EARLY_FRAUD_WARNING: gettext_lazy(
        "The card's bank reports that its owner did not make this payment. A dispute often "
        "follows. Don't send the goods, and refund the order; settle this if you know the shopper."
    ),
    Reason.STOCK_NOT_RETURNED: gettext_lazy(
        "Goods of this order came back, but the stock of the product could not be changed. "
        "Correct the stock by hand, then settle this."
    ),
}
WRONG_MODE = gettext_lazy(
    "The payment was made in another mode (test or live) than the order. Look at it in Stripe's "
    "Dashboard; accept it only if the money is real."
)
REFUND_DURING_DISPUTE = gettext_lazy(
    "The shopper has not got this refund, but the bank has taken the money back in a dispute. Wait "
    "for its outcome, so that the shopper is not paid twice. Until then, Stripe refuses refunds."
)
INQUIRY = gettext_lazy(
    "The shopper's bank asks about the payment, and has not taken the money back. Answer in "
    "Stripe's Dashboard, or refund the order."
)
OPEN_DISPUTE = gettext_lazy(
    "The shopper's bank has taken the money back until it has decided. Answer in Stripe's "
    "Dashboard, and don't send the goods. Until then, Stripe refuses refunds."
)
LOST_DISPUTE = gettext_lazy(
    "The shopper has the money back, and it stays there. Decide about the goods, then settle this."
)


@dataclass(frozen=True)
class IssueBox:
    """An open issue with the texts and URLs that the order's page shows. URLs may be empty."""

    issue: OrderIssue
    explanation: str
    facts: list[str]
    stripe_url: str
    settle_url: str


def read_open_issues(order: Order, settle_url: str) -> list[IssueBox]:
    """Return the open issues of ``order`` as texts.

    ``settle_url`` is the URL of the page that settles issues. It is empty if the user may not
    settle them.
    """
    return [
        IssueBox(
            issue=issue,
            explanation=explain(issue, order),
            facts=describe_subject(issue, order),
            stripe_url=_stripe_url(issue, order),
            settle_url=f"{settle_url}?issue={issue.pk}" if settle_url else "",
        )
        for issue in order.open_issues
    ]


def explain(issue: OrderIssue, order: Order) -> str:
    """Return a text for staff that says what the issue means, and what can be done."""
    dispute = _find_dispute(issue, order)
    if dispute is not None:
        return str(_explain_dispute(dispute))
    if issue.reason in (Reason.REFUND_FAILED, Reason.REFUND_NOT_MADE) and _is_withheld(order):
        return str(REFUND_DURING_DISPUTE)
    if issue.reason == Reason.UNKNOWN_MONEY and not issue.about:
        return str(WRONG_MODE)
    return str(EXPLANATIONS.get(issue.reason, OPEN_DISPUTE if _is_dispute(issue) else ""))


def describe_subject(issue: OrderIssue, order: Order) -> list[str]:
    """Return facts about the subject of the issue, such as the amount and id of a dispute."""
    currency = order.currency
    dispute, refund = _find_dispute(issue, order), find_refund(order, issue.about)
    if dispute is not None:
        amount = format_money(dispute.amount, currency)
        facts = [f"{amount}: {status_text(dispute.status)}", reason_text(dispute)]
        return [*filter(None, (*facts, due_text(dispute))), dispute.stripe_id]
    if refund is not None:
        return [_("Refund of %(amount)s") % {"amount": format_money(refund.amount, currency)}]
    if issue.reason == Reason.AMOUNT_MISMATCH:
        params = {
            "paid": format_money(order.amount_paid, currency),
            "total": format_money(order.total, currency),
        }
        return [_("Paid: %(paid)s. Total of the order: %(total)s.") % params]
    return [issue.about] if issue.about else []


def find_refund(order: Order, about: str) -> Refund | None:
    """Return the order's refund whose Stripe id or key is ``about``, or None if there is none."""
    refunds = order.refunds.all() if about else ()
    return next((row for row in refunds if about in (row.stripe_id, str(row.key))), None)


def _explain_dispute(dispute: Dispute) -> Any:
    """Return a text for staff that says what the dispute means, and what can be done."""
    if not dispute.is_open:
        return LOST_DISPUTE
    return INQUIRY if dispute.is_inquiry else OPEN_DISPUTE


def _is_withheld(order: Order) -> bool:
    """Return whether the bank has taken back the order's payment because of a dispute."""
    return any(dispute.is_withholding for dispute in order.disputes.all())


def _is_dispute(issue: OrderIssue) -> bool:
    """Return whether the issue is about a dispute."""
    return issue.reason == Reason.DISPUTED


def _find_dispute(issue: OrderIssue, order: Order) -> Dispute | None:
    """Return the order's dispute that the issue is about, or None."""
    return find_dispute(order, issue.about) if _is_dispute(issue) else None


def _stripe_url(issue: OrderIssue, order: Order) -> str:
    """Return the URL of the page at Stripe where staff can look or act.

    Return an empty string if there is no such page.
    """
    dispute = _find_dispute(issue, order)
    if dispute is not None:
        return dispute_url(dispute, order)
    if issue.reason == Reason.STOCK_NOT_RETURNED:
        return ""
    if issue.reason == Reason.UNKNOWN_MONEY and issue.about:
        return search_url(issue.about, livemode=order.livemode)
    return dashboard_url(order)
