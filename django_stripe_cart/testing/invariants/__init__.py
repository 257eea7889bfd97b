"""Invariants of a shop: conditions that its database and Stripe must meet.

Both functions return a list of sentences, one for each violation::

    assert violations(sandbox) == []

``sandbox`` is a ``Sandbox``, or any object with the attributes ``sessions``, ``payment_intents``,
``refunds``, ``disputes``, ``reviews`` and ``early_fraud_warnings``. Both functions only read, and
they read the database in one consistent snapshot. So they can run while the shop is in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django_stripe_cart.testing.invariants import always, eventually, troubles
from django_stripe_cart.testing.invariants.snapshot import Snapshot, StripeState

Stock = Mapping[Any, int]


def violations(
    sandbox: StripeState,
    *,
    stock: Stock | None = None,
    handed_out: Iterable[str] = (),
    unasked_refunds: Iterable[str] = (),
) -> list[str]:
    """Return a sentence for each violation of the invariants that always hold, even after a crash.

    ``stock`` maps primary keys of products to their stock before the first order. ``handed_out``
    has all payment URLs that were given to shoppers. ``unasked_refunds`` is the attribute
    ``unasked`` of a ``refund_log.RefundLog``.
    """
    return _check_always(Snapshot.read(sandbox), stock or {}, handed_out, unasked_refunds)


def settled_violations(
    sandbox: StripeState,
    *,
    stock: Stock | None = None,
    handed_out: Iterable[str] = (),
    unasked_refunds: Iterable[str] = (),
    payments_are_counted: bool = False,
) -> list[str]:
    """Return a sentence for each violated invariant of a shop that has recovered from all faults.

    Call this function after the last fault, when ``stripe_cart_sync`` has run. The result includes
    the sentences of ``violations``, which has the same first arguments. Pass
    ``payments_are_counted=True`` if ``payment_counter.start_counting`` was called in every process.
    Then it is also a violation if ``order_paid`` was not received exactly once for each paid order.
    """
    snapshot = Snapshot.read(sandbox)
    found = _check_always(snapshot, stock or {}, handed_out, unasked_refunds)
    found += eventually.check_unfinished(snapshot)
    found += eventually.check_payments(snapshot)
    found += eventually.check_refunds(snapshot)
    found += eventually.check_disputes(snapshot)
    found += troubles.check_radar(snapshot)
    if payments_are_counted:
        found += eventually.check_order_paid_signals(snapshot)
    return found


def _check_always(
    snapshot: Snapshot, stock: Stock, handed_out: Iterable[str], unasked_refunds: Iterable[str]
) -> list[str]:
    """Return the violations of the invariants that always hold."""
    return [
        *always.check_open_carts(snapshot),
        *always.check_stock(snapshot, stock),
        *always.check_stock_held(snapshot, stock),
        *always.check_payments(snapshot),
        *always.check_refunds(snapshot),
        *always.report_unasked_refunds(unasked_refunds),
        *always.check_payment_urls(snapshot, handed_out),
        *always.check_timelines(snapshot),
        *always.check_emails(snapshot),
        *troubles.check_issues(snapshot),
    ]
