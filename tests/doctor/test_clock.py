"""This machine's clock beside Stripe's, as the doctor shows it."""

from __future__ import annotations

from typing import Any

import pytest

from django_stripe_cart.sandbox import Sandbox
from tests.doctor.command import run_doctor

pytestmark = [pytest.mark.django_db, pytest.mark.stripe_sdk]

WRONG_CLOCKS = [
    (3, "3\xa0minutes behind Stripe's: from 5 minutes on, webhooks are refused."),
    (10, "10\xa0minutes behind Stripe's: webhooks are refused."),
    (50, "50\xa0minutes behind Stripe's: webhooks are refused, and Stripe refuses checkouts."),
    (-10, "10\xa0minutes ahead of Stripe's: webhooks are refused."),
]


@pytest.mark.parametrize("seconds", [0, 100, -100])
def test_a_clock_that_is_right_is_reported(healthy_site: Sandbox, seconds: int) -> None:
    healthy_site.clock.advance(seconds=seconds)

    output, is_healthy = run_doctor()

    assert is_healthy
    assert "ok     This machine's clock agrees with Stripe's." in output


@pytest.mark.parametrize(("minutes", "sentence"), WRONG_CLOCKS)
def test_a_clock_that_is_wrong_is_reported(
    healthy_site: Sandbox, minutes: int, sentence: str
) -> None:
    healthy_site.clock.advance(minutes=minutes)

    output, is_healthy = run_doctor()

    assert not is_healthy
    assert f"WRONG  This machine's clock is {sentence}" in output
    assert "Next: sudo timedatectl set-ntp true" in output


def test_checkouts_are_refused_if_the_payment_page_would_be_open_too_long(
    healthy_site: Sandbox, settings: Any
) -> None:
    settings.STRIPE_CART_SESSION_MINUTES = 1439
    healthy_site.clock.advance(minutes=-4)

    output, _is_healthy = run_doctor()

    assert "is 4\xa0minutes ahead of Stripe's: Stripe refuses checkouts." in output


@pytest.mark.parametrize("fault", ["unauthorized", "forbidden", "server_error"])
def test_the_clock_is_compared_even_if_stripe_refuses_the_request(
    healthy_site: Sandbox, fault: str
) -> None:
    healthy_site.clock.advance(minutes=50)
    healthy_site.faults.add("GET /v1/account", kind=fault, times=9)

    output, _is_healthy = run_doctor()

    assert "WRONG  This machine's clock is 50\xa0minutes behind Stripe's" in output


def test_a_clock_that_is_not_known_is_not_reported(healthy_site: Sandbox) -> None:
    healthy_site.faults.add("GET /v1/account", kind="reset_before", times=9)

    output, _is_healthy = run_doctor()

    assert "WRONG  Stripe can't be reached" in output
    assert "clock" not in output


def test_a_moved_clock_of_a_sandbox_says_how_to_reset_it(healthy_site: Sandbox) -> None:
    healthy_site.clock.advance(minutes=50)

    output, _is_healthy = run_doctor(STRIPE_CART_API_BASE="http://127.0.0.1:1", DEBUG=True)

    assert "http://127.0.0.1:1/_sandbox/clock/reset" in output
