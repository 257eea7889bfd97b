"""What Stripe says of a session is recorded, whatever a host's database refuses."""

from __future__ import annotations

import pytest

from django_stripe_cart.attention import settle_issue
from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.models import Order, Product
from django_stripe_cart.sandbox import Sandbox
from tests.support.host_rules import refuse_more_stock
from tests.support.orders import issues, refreshed

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]


def test_an_order_is_canceled_although_its_stock_is_refused(pending: Order, mug: Product) -> None:
    refuse_more_stock(mug)

    order = cancel_order(pending)

    assert (order.status, issues(order)) == ("canceled", ["stock_not_returned"])
    assert order.items.get().stock_taken == 2


def test_an_order_expires_although_its_stock_is_refused(
    pending: Order, sandbox: Sandbox, mug: Product
) -> None:
    refuse_more_stock(mug)

    sandbox.expire(pending.session_id)

    order = refreshed(pending)
    assert (order.status, issues(order)) == ("expired", ["stock_not_returned"])
    assert order.open_cart is None


def test_stock_that_staff_has_counted_is_not_held_any_more(pending: Order, mug: Product) -> None:
    refuse_more_stock(mug)
    issue = cancel_order(pending).issues.get()

    settle_issue(issue, note="Counted: 8 on the shelf.")

    assert pending.items.get().stock_taken == 0
    assert (issues(pending), pending.issues.get().note) == ([], "Counted: 8 on the shelf.")
