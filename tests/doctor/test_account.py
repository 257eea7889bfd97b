"""The secret key and its account at Stripe, as the doctor shows them."""

from __future__ import annotations

from typing import Any

import pytest

from django_stripe_cart.doctor.account import diagnose_account
from django_stripe_cart.gateway import Account, retrieve_account
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.sandbox import Sandbox
from tests.doctor.command import problems_in, run_doctor
from tests.gateway.test_gateway import Canned

pytestmark = [pytest.mark.django_db, pytest.mark.stripe_sdk]


def test_without_a_key_stripe_is_not_asked(healthy_site: Sandbox) -> None:
    before = len(healthy_site.requests)

    output, is_healthy = run_doctor(STRIPE_CART_SECRET_KEY="")

    assert not is_healthy
    assert "(stripe_cart.W001)" in "".join(problems_in(output))
    assert "Stripe was not contacted: there is no key." in output
    assert len(healthy_site.requests) == before


@pytest.mark.parametrize(
    ("fault", "key", "sentence"),
    [
        ("unauthorized", "sk_test_1", "WRONG  Stripe rejects the key."),
        ("unauthorized", "rk_test_1", "look   This restricted key may not read the account"),
        ("server_error", "sk_test_1", "WRONG  Stripe can't be reached:"),
    ],
)
def test_an_account_that_does_not_answer_is_reported(
    healthy_site: Sandbox, fault: str, key: str, sentence: str
) -> None:
    healthy_site.faults.add("GET /v1/account", kind=fault, times=9)

    output, is_healthy = run_doctor(STRIPE_CART_SECRET_KEY=key)

    assert sentence in output
    assert is_healthy is ("look" in sentence)


def test_a_sandbox_that_is_not_running_is_reported(healthy_site: Sandbox) -> None:
    healthy_site.faults.add("GET /v1/*", kind="reset_before", times=99)

    output, _is_healthy = run_doctor(STRIPE_CART_API_BASE="http://127.0.0.1:12111", DEBUG=True)

    assert "The sandbox at http://127.0.0.1:12111 is used in place of Stripe." in output
    assert "Next: Is the sandbox running? python manage.py stripe_sandbox" in output
    assert "The endpoints can't be read from Stripe." in output


def test_a_live_key_is_reported_as_live(settings: Any, healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(STRIPE_CART_SECRET_KEY="sk_live_1", DEBUG=False)

    assert "The key is live: real money is charged." in output
    assert not is_healthy  # the sandbox refuses live keys
    assert "WRONG  Stripe rejects the key." in output


def test_an_account_is_read_as_stripe_shows_it(healthy_site: Sandbox) -> None:
    assert retrieve_account() == Account(
        id="acct_1Sandbox00000000", name="Sandbox shop", country="US", takes_payments=True
    )


def test_an_account_that_takes_no_payments_yet_is_reported(healthy_site: Sandbox) -> None:
    bare = {"id": "acct_1", "object": "account", "business_profile": None, "charges_enabled": False}
    with transport(Canned(bare)):
        _mode, name, trouble = diagnose_account()

    assert name.text == "Payments go to acct_1 (no name, )."
    assert trouble.state == "WRONG"
    assert trouble.next == "Complete its setup at dashboard.stripe.com/account/onboarding."
