"""What happens by itself when its time has come."""

from django_stripe_cart.sandbox.account import Account, Chore
from django_stripe_cart.sandbox.api.sessions import close_expired
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.refunds import move_refund


def succeed_refund(account: Account, refund: Object) -> Object:
    """Let a refund that waited succeed, unless it was decided meanwhile."""
    if refund["status"] != "pending":
        return refund
    return move_refund(account, refund, "succeeded")


def fail_refund(account: Account, refund: Object) -> Object:
    """Let a refund that had succeeded fail after all."""
    if refund["status"] != "succeeded":
        return refund
    return move_refund(account, refund, "failed")


CHORES: dict[str, Chore] = {
    "expire_session": close_expired,
    "refund_fails": fail_refund,
    "refund_succeeds": succeed_refund,
}
