"""Tasks that run when the sandbox's clock reaches their due time."""

from functools import partial

from django_stripe_cart.sandbox.account import Account, Task
from django_stripe_cart.sandbox.api.sessions import mark_expired
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.refunds import set_refund_status


def _change_refund_status(account: Account, refund: Object, *, before: str, after: str) -> Object:
    """Change a refund's status from `before` to `after`, and return the refund.

    If the status is no longer `before`, do not change the refund.
    """
    return set_refund_status(account, refund, after) if refund["status"] == before else refund


TASKS: dict[str, Task] = {
    "expire_session": mark_expired,
    "refund_fails": partial(_change_refund_status, before="succeeded", after="failed"),
    "refund_succeeds": partial(_change_refund_status, before="pending", after="succeeded"),
}
