"""Deadlines: what they limit, and what a shopper is told when the time is up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection

from django_stripe_cart import gateway
from django_stripe_cart.database import in_transaction
from django_stripe_cart.deadlines import (
    DEADLINE,
    SHORT_TIMEOUT,
    TIMEOUT,
    attempt_timeout,
    deadline,
    is_stripe_slow,
    may_attempt,
    seconds_left,
    waiting_for_stripe,
)
from django_stripe_cart.exceptions import PaymentRetryable, ShopBusy
from django_stripe_cart.models import Order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser, messages_of

pytestmark = pytest.mark.database

WRITES_OF_CARTS = ('INSERT INTO "stripe_cart_cart', 'UPDATE "stripe_cart_cart')

BUSY = "The shop is very busy at the moment. Please try again."


class Time:
    """The time of this process, which tests let pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def passes(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Iterator[Time]:
    clock = Time()
    with patch("time.monotonic", lambda: clock.now):
        yield clock


def test_the_earliest_end_of_nested_blocks_applies(clock: Time) -> None:
    with deadline(10):
        with deadline(60):
            assert seconds_left() == 10
        with deadline(3):
            assert seconds_left() == 3
        assert seconds_left() == 10

    assert seconds_left() == float("inf")


def test_a_request_with_little_time_left_has_shorter_timeouts(clock: Time) -> None:
    with deadline():
        assert attempt_timeout() == TIMEOUT
        clock.passes(DEADLINE - 9.5)
        assert attempt_timeout() == (TIMEOUT[0], 6.0)
        clock.passes(5)
        assert attempt_timeout() == SHORT_TIMEOUT


def test_the_first_attempt_of_a_request_begins_and_a_retry_only_if_it_fits(clock: Time) -> None:
    with deadline(), waiting_for_stripe():
        clock.passes(DEADLINE - 12)  # a busy machine, or the import of the SDK, takes some of it
        assert may_attempt(sum(TIMEOUT))
        assert not may_attempt(sum(TIMEOUT))
        assert may_attempt(sum(SHORT_TIMEOUT))


def test_stripe_is_slow_if_it_took_half_of_the_time(clock: Time) -> None:
    with deadline():
        clock.passes(5)
        assert not is_stripe_slow()
        with deadline(), waiting_for_stripe():
            clock.passes(5)
        assert is_stripe_slow()


def test_without_a_deadline_stripe_is_not_slow(clock: Time) -> None:
    with waiting_for_stripe():
        clock.passes(99)

    assert not is_stripe_slow()


# --- the wait for the database ------------------------------------------------------------------


def wait_for(seconds: float, clock: Time, statement: str) -> Any:
    """Return a context in which statements that begin with ``statement`` take ``seconds``."""

    def execute_slowly(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.replace("`", '"').startswith(statement):
            clock.passes(seconds)
        return execute(sql, *rest)

    return connection.execute_wrapper(execute_slowly)


@pytest.mark.parametrize("seconds", [14, 23])
def test_a_wait_for_a_row_is_not_taken_for_a_slow_stripe(
    browser: Browser, sandbox: Sandbox, mug: Any, clock: Time, seconds: int
) -> None:
    browser.add(mug)

    with wait_for(seconds, clock, 'INSERT INTO "stripe_cart_order"'):
        answer = browser.check_out()

    assert answer.url == browser.order.session_url


def test_after_a_longer_wait_the_shopper_is_told_that_the_shop_is_busy(
    browser: Browser, sandbox: Sandbox, mug: Any, clock: Time
) -> None:
    browser.add(mug)

    with wait_for(26, clock, 'INSERT INTO "stripe_cart_order"'):
        answer = browser.check_out()

    assert messages_of(answer) == [BUSY]
    assert sandbox.requests == []


def test_pressing_again_goes_on_with_the_same_order(
    browser: Browser, sandbox: Sandbox, mug: Any, clock: Time
) -> None:
    browser.add(mug)
    with wait_for(26, clock, 'INSERT INTO "stripe_cart_order"'):
        browser.check_out()
    params = browser.order.session_params
    assert params is not None

    answer = browser.check_out()

    (order,) = Order.objects.all()
    assert (answer.url, order.session_params) == (order.session_url, params)


def test_a_stripe_that_took_the_time_is_named(sandbox: Sandbox, clock: Time) -> None:
    with deadline():
        with waiting_for_stripe():
            clock.passes(26)

        with pytest.raises(PaymentRetryable):
            gateway.retrieve_account()


@pytest.mark.parametrize("url", ["/shop/cart/add/", "/shop/cart/item/", "/shop/cart/remove/"])
def test_a_cart_that_is_locked_for_long_is_no_error_page(
    browser: Browser, sandbox: Sandbox, mug: Any, clock: Time, url: str
) -> None:
    browser.add(mug)

    with locked(clock):
        answer = browser.client.post(url, {"product": mug.pk, "quantity": 2})

    assert (answer.status_code, messages_of(answer)[-1]) == (303, BUSY)


def test_buying_again_with_a_locked_cart_is_no_error_page(
    browser: Browser, paid: Order, clock: Time
) -> None:
    with locked(clock):
        answer = browser.client.post(f"{paid.get_absolute_url()}again/")

    assert (answer.status_code, messages_of(answer)[-1]) == (303, BUSY)


def locked(clock: Time) -> Any:
    """Return a context in which each change of a cart waits 9 seconds for its lock, in vain."""

    def wait_in_vain(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.replace("`", '"').startswith(WRITES_OF_CARTS):
            clock.passes(9)
            raise OperationalError("database is locked")
        return execute(sql, *rest)

    return connection.execute_wrapper(wait_in_vain)


# --- transactions -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_transaction_that_would_end_too_late_is_not_repeated(clock: Time) -> None:
    calls = []

    @in_transaction
    def wait_and_fail() -> None:
        calls.append(1)
        clock.passes(9)
        raise OperationalError("database is locked")

    with deadline(), pytest.raises(ShopBusy):
        wait_and_fail()

    assert len(calls) == 3  # 27 of 28 seconds


@pytest.mark.django_db
def test_without_a_deadline_a_transaction_is_repeated_as_often_as_ever(
    clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    calls = []

    @in_transaction
    def wait_and_fail() -> None:
        calls.append(1)
        clock.passes(9)
        raise OperationalError("database is locked")

    with pytest.raises(OperationalError):
        wait_and_fail()

    assert len(calls) == 8
