"""``stripe_cart_webhook``: the webhook endpoint at Stripe."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from django_stripe_cart import gateway
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.webhooks.processing import EVENT_TYPES
from tests.gateway.test_gateway import params

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]

URL = "https://shop.example/stripe/webhook/"


@pytest.fixture(autouse=True)
def stripe(settings: Any) -> Any:
    settings.STRIPE_CART_BASE_URL = "https://shop.example"
    sandbox = Sandbox()
    with transport(sandbox.http_client()):
        yield sandbox


def run(*arguments: str) -> str:
    output = StringIO()
    call_command("stripe_cart_webhook", *arguments, stdout=output)
    return output.getvalue()


def make_event() -> None:
    session = gateway.create_session(params(), idempotency_key="1")
    gateway.expire_session(session.id)


def test_the_endpoint_gets_the_needed_events_and_its_secret_is_shown() -> None:
    output = run("create")

    (endpoint,) = gateway.list_endpoints(URL)
    assert endpoint.types == EVENT_TYPES
    assert endpoint.secret == ""
    assert "whsec_" in output


def test_it_is_not_created_twice() -> None:
    run("create")

    with pytest.raises(CommandError, match="already"):
        run("create")


def test_the_status_of_a_good_endpoint_is_good() -> None:
    run("create")

    assert "The endpoint is set up correctly." in run("status")


def test_a_missing_endpoint_says_what_to_type_next() -> None:
    with pytest.raises(CommandError, match="stripe_cart_webhook create"):
        run("status")


def test_an_endpoint_with_missing_events_is_reported() -> None:
    gateway.create_endpoint(URL, ["charge.refunded"])
    output = StringIO()

    with pytest.raises(CommandError, match="rotate"):
        call_command("stripe_cart_webhook", "status", stdout=output)

    assert "checkout.session.completed" in output.getvalue()


@pytest.mark.parametrize(
    "type",
    [
        "charge.refund.updated",
        "radar.early_fraud_warning.created",
        "radar.early_fraud_warning.updated",
        "review.closed",
        "review.opened",
    ],
)
def test_an_endpoint_from_before_a_type_was_needed_is_reported(type: str) -> None:
    gateway.create_endpoint(URL, EVENT_TYPES - {type})
    output = StringIO()

    with pytest.raises(CommandError, match="rotate"):
        call_command("stripe_cart_webhook", "status", stdout=output)

    assert f"It is not subscribed to {type}." in output.getvalue()


def test_all_needed_events_can_be_listed_at_once() -> None:
    # docs.stripe.com/api/events/list takes 20 types.
    assert len(EVENT_TYPES) <= 20


def test_a_rotation_keeps_the_old_secret_until_it_is_retired(stripe: Sandbox) -> None:
    run("create")
    (old,) = gateway.list_endpoints(URL)
    stripe.clock.advance(seconds=5)

    assert "set both" in run("rotate")
    assert old.id in [endpoint.id for endpoint in gateway.list_endpoints(URL)]
    with pytest.raises(CommandError, match="in progress"):
        run("rotate")

    assert f"{old.id} is deleted" in run("retire")
    (new,) = gateway.list_endpoints(URL)
    assert new.id != old.id


def test_without_an_address_it_asks_for_one(settings: Any) -> None:
    settings.STRIPE_CART_BASE_URL = None

    with pytest.raises(CommandError, match="--url"):
        run("status")
    assert "Stripe sends events to https://other.example/" in run(
        "create", "--url", "https://other.example/"
    )


def test_stripes_refusal_is_a_sentence() -> None:
    with pytest.raises(CommandError, match="The request to Stripe failed"):
        run("create", "--url", "no address at all")


def test_the_status_names_the_default_version_if_the_endpoint_has_none(stripe: Sandbox) -> None:
    stripe.add_webhook_endpoint(URL)

    assert "It uses the account's default API version, which no event shows yet." in run("status")

    stripe.api_version = "2024-12-18.acacia"
    make_event()
    assert "It uses the account's default API version, 2024-12-18.acacia." in run("status")


def test_a_default_version_without_refund_events_is_reported(stripe: Sandbox) -> None:
    stripe.add_webhook_endpoint(URL)
    stripe.api_version = "2024-06-20"
    make_event()
    output = StringIO()

    with pytest.raises(CommandError, match="rotate"):
        call_command("stripe_cart_webhook", "status", stdout=output)

    assert "Stripe sends no refund.failed about a charge." in output.getvalue()
