"""The secret key and its account at Stripe, as the doctor shows them."""

from __future__ import annotations

from typing import Any

import pytest

from django_stripe_cart.doctor.account import account
from django_stripe_cart.gateway import Account, retrieve_account
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.sandbox import Sandbox
from tests.doctor.asking import ask, wrongs
from tests.gateway.test_gateway import Canned

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.stripe_sdk]


def test_without_a_key_stripe_is_not_asked(box: Sandbox) -> None:
    before = len(box.requests)

    said, is_well = ask(STRIPE_CART_SECRET_KEY="")

    assert not is_well
    assert "(stripe_cart.W001)" in "".join(wrongs(said))
    assert "Stripe was not contacted: there is no key." in said
    assert len(box.requests) == before


@pytest.mark.parametrize(
    ("fault", "key", "sentence"),
    [
        ("unauthorized", "sk_test_1", "WRONG  Stripe rejects the key."),
        ("unauthorized", "rk_test_1", "look   This restricted key may not read the account"),
        ("server_error", "sk_test_1", "WRONG  Stripe can't be reached:"),
    ],
)
def test_an_account_that_does_not_answer_is_reported(
    box: Sandbox, fault: str, key: str, sentence: str
) -> None:
    box.faults.add("GET /v1/account", kind=fault, times=9)

    said, is_well = ask(STRIPE_CART_SECRET_KEY=key)

    assert sentence in said
    assert is_well is ("look" in sentence)


def test_a_sandbox_that_is_not_running_is_reported(box: Sandbox) -> None:
    box.faults.add("GET /v1/*", kind="reset_before", times=99)

    said, _is_well = ask(STRIPE_CART_API_BASE="http://127.0.0.1:12111", DEBUG=True)

    assert "The sandbox at http://127.0.0.1:12111 is used in place of Stripe." in said
    assert "Next: Is the sandbox running? python manage.py stripe_sandbox" in said
    assert "The endpoints can't be read from Stripe." in said


def test_a_live_key_is_reported_as_live(settings: Any, box: Sandbox) -> None:
    said, is_well = ask(STRIPE_CART_SECRET_KEY="sk_live_1", DEBUG=False)

    assert "The key is live: real money is charged." in said
    assert not is_well  # the sandbox refuses live keys
    assert "WRONG  Stripe rejects the key." in said


def test_an_account_is_read_as_stripe_shows_it(box: Sandbox) -> None:
    assert retrieve_account() == Account(
        id="acct_1Sandbox00000000", name="Sandbox shop", country="US", takes_payments=True
    )


def test_an_account_that_takes_no_payments_yet_is_reported(box: Sandbox) -> None:
    bare = {"id": "acct_1", "object": "account", "business_profile": None, "charges_enabled": False}
    with transport(Canned(bare)):
        _mode, name, trouble = account()

    assert name.text == "Payments go to acct_1 (no name, )."
    assert trouble.state == "WRONG"
    assert trouble.next == "Complete its setup at dashboard.stripe.com/account/onboarding."
