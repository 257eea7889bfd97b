"""Orders whose session was created with another secret key than today's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_stripe_cart.conf import conf
from django_stripe_cart.exceptions import PaymentElsewhere
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import Order, Product
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser, messages_of

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]


@pytest.fixture
def other_account(pending: Order, settings: Any) -> Iterator[Sandbox]:
    """The account of another secret key, which is set after the order was placed."""
    settings.STRIPE_CART_SECRET_KEY = "sk_test_of_another_account"
    other = Sandbox()
    with transport(other.http_client()):
        yield other


def refreshed(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def test_an_order_keeps_a_digest_of_its_key_and_not_the_key(pending: Order) -> None:
    assert pending.api_key_digest == conf.api_key_digest
    assert len(pending.api_key_digest) == 16
    assert conf.secret_key not in str(vars(pending))


def test_while_its_page_may_be_paid_it_is_left_alone(
    pending: Order, other_account: Sandbox, mug: Product
) -> None:
    with pytest.raises(PaymentElsewhere):
        sync_order(pending)

    mug.refresh_from_db()
    assert (refreshed(pending).status, mug.stock) == ("pending", 8)


def test_a_live_order_is_left_alone_under_a_test_key(
    pending: Order, other_account: Sandbox
) -> None:
    Order.objects.update(livemode=True)

    with pytest.raises(PaymentElsewhere):
        sync_order(refreshed(pending))

    assert refreshed(pending).status == "pending"


def test_after_the_time_of_its_page_it_is_closed(
    pending: Order, other_account: Sandbox, mug: Product
) -> None:
    Order.objects.update(session_expires_at=timezone.now() - timedelta(hours=1))

    assert sync_order(refreshed(pending)).status == "expired"

    mug.refresh_from_db()
    assert mug.stock == 10


def test_a_payment_at_the_other_account_is_recorded_when_its_key_is_back(
    pending: Order, sandbox: Sandbox, settings: Any
) -> None:
    mine = settings.STRIPE_CART_SECRET_KEY
    settings.STRIPE_CART_SECRET_KEY = "sk_test_of_another_account"
    with transport(Sandbox().http_client()), pytest.raises(PaymentElsewhere):
        sync_order(pending)
    sandbox.hold_deliveries = True
    sandbox.pay(pending.session_url)
    settings.STRIPE_CART_SECRET_KEY = mine

    assert sync_order(refreshed(pending)).status == "paid"


def test_a_key_that_was_replaced_at_the_same_account_changes_nothing(
    browser: Browser, sandbox: Sandbox, pending: Order, settings: Any
) -> None:
    settings.STRIPE_CART_SECRET_KEY = "sk_test_the_next_key"

    answer = browser.check_out()

    assert answer.url == pending.session_url
    sandbox.pay(pending.session_url)
    assert refreshed(pending).status == "paid"


def test_the_shopper_is_told_that_the_order_is_not_complete(
    browser: Browser, pending: Order, other_account: Sandbox
) -> None:
    answer = browser.check_out()

    assert messages_of(answer) == ["The payment for this order is not complete yet."]
    assert Order.objects.count() == 1


def test_no_second_order_is_placed_for_another_cart_either(
    browser: Browser, pending: Order, other_account: Sandbox, lamp: Product
) -> None:
    browser.add(lamp)

    answer = browser.check_out()

    assert messages_of(answer) == ["The payment for this order is not complete yet."]
    assert [order.status for order in Order.objects.all()] == ["pending"]
    assert other_account.sessions == []


def test_its_page_is_shown(browser: Browser, pending: Order, other_account: Sandbox) -> None:
    assert browser.client.get(pending.get_absolute_url()).status_code == 200


def test_the_log_says_what_to_look_at(
    pending: Order, other_account: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(PaymentElsewhere):
        sync_order(pending)

    assert f"Order {pending.reference} may be paid with another" in caplog.text


def test_a_session_that_was_never_confirmed_gets_the_digest_of_the_key_that_creates_it(
    pending: Order, other_account: Sandbox
) -> None:
    Order.objects.update(session_id=None, session_url="")

    order = sync_order(refreshed(pending))

    assert order.session_id == other_account.sessions[0]["id"]
    assert order.api_key_digest == conf.api_key_digest


def test_in_a_restarted_sandbox_the_order_is_closed(
    pending: Order, sandbox: Sandbox, settings: Any
) -> None:
    settings.STRIPE_CART_API_BASE = "http://127.0.0.1:1"
    Order.objects.update(api_key_digest=conf.api_key_digest)
    sandbox.reset()

    assert sync_order(refreshed(pending)).status == "expired"
