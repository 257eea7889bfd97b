"""Tasks that run when the clock reaches their due time."""

from django_stripe_cart.sandbox.account import Account, Task
from django_stripe_cart.sandbox.api.sessions import mark_expired
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.refunds import set_refund_status


def complete_pending_refund(account: Account, refund: Object) -> Object:
    """Mark a pending refund as succeeded; any other is left as it is."""
    if refund["status"] != "pending":
        return refund
    return set_refund_status(account, refund, "succeeded")


def fail_succeeded_refund(account: Account, refund: Object) -> Object:
    """Mark a succeeded refund as failed; any other is left as it is."""
    if refund["status"] != "succeeded":
        return refund
    return set_refund_status(account, refund, "failed")


TASKS: dict[str, Task] = {
    "expire_session": mark_expired,
    "refund_fails": fail_succeeded_refund,
    "refund_succeeds": complete_pending_refund,
}
