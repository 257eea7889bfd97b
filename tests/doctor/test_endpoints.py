"""The webhook's endpoint at Stripe, as the doctor shows it."""

from __future__ import annotations

import pytest

from django_stripe_cart import gateway
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.webhooks.processing import EVENT_TYPES
from tests.doctor.command import URL, problems_in, run_doctor
from tests.gateway.test_gateway import params

pytestmark = [pytest.mark.django_db, pytest.mark.stripe_sdk]


def test_an_endpoint_that_is_missing_says_what_to_type(healthy_site: Sandbox) -> None:
    (endpoint,) = gateway.list_endpoints()
    gateway.delete_endpoint(endpoint.id)

    output, is_healthy = run_doctor(DEBUG=False)
    assert not is_healthy
    assert "WRONG  No webhook endpoint points to this site." in output
    assert "Next: python manage.py stripe_cart_webhook create\n" in output

    output, _is_healthy = run_doctor(DEBUG=False, STRIPE_CART_BASE_URL=None)
    assert "stripe_cart_webhook create --url https://….example/stripe/webhook/" in output

    output, is_healthy = run_doctor(DEBUG=True)
    assert is_healthy
    assert "Next: stripe listen --forward-to 127.0.0.1:8000/stripe/webhook/" in output


def test_an_endpoint_at_another_address_is_reported(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(
        STRIPE_CART_BASE_URL="https://www.shop.example", ALLOWED_HOSTS=["*"]
    )

    assert not is_healthy
    assert (
        f"WRONG  Stripe sends events to {URL}, but the webhook is at https://www.shop.example/"
        in output
    )


def test_without_a_base_url_endpoints_are_matched_by_path(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(STRIPE_CART_BASE_URL=None)

    assert is_healthy
    assert f"Stripe sends all needed events to {URL}" in output
    assert "Shoppers return from Stripe to the host that they came from." in output


def test_an_endpoint_that_lacks_something_is_reported(healthy_site: Sandbox) -> None:
    (endpoint,) = gateway.list_endpoints()
    gateway.delete_endpoint(endpoint.id)
    gateway.create_endpoint(URL, ["charge.refunded"])

    output, is_healthy = run_doctor(STRIPE_CART_API_VERSION="2025-10-29.clover")

    assert not is_healthy
    (events, version) = problems_in(output)
    assert "It is not subscribed to charge.dispute.closed, " in events
    for type in ("review.opened", "review.closed", "radar.early_fraud_warning.created"):
        assert type in events
    assert version.endswith(
        "It uses API version 2025-09-30.clover, this app uses 2025-10-29.clover."
    )
    assert output.count("Next: python manage.py stripe_cart_webhook rotate") == 2


def make_event(sandbox: Sandbox) -> None:
    sandbox.hold_deliveries = True
    session = gateway.create_session(params(), idempotency_key="1")
    gateway.expire_session(session.id)


@pytest.mark.parametrize(
    ("version", "line"),
    [
        (
            "2025-09-30.clover",
            f"ok     Stripe sends all needed events to {URL}, in 2025-09-30.clover, the account's",
        ),
        (
            "2026-10-28.endive",
            f"look   Stripe sends all needed events to {URL}, but in the account's default API "
            "version, 2026-10-28.endive; this app uses 2025-09-30.clover.",
        ),
        (
            "2024-10-28.acacia",
            f"look   Stripe sends all needed events to {URL}, but in the account's default API "
            "version, 2024-10-28.acacia; this app uses 2025-09-30.clover.",
        ),
        (
            "2024-09-30",
            "It uses the account's default API version, 2024-09-30: before 2024-10-28.acacia, "
            "Stripe sends no refund.failed about a charge.",
        ),
    ],
)
def test_an_endpoint_without_a_version_uses_that_of_the_account(
    healthy_site: Sandbox, version: str, line: str
) -> None:
    healthy_site.api_version = version
    healthy_site.add_webhook_endpoint(URL)
    make_event(healthy_site)

    output, is_healthy = run_doctor()

    assert line in output
    assert is_healthy is (version >= "2024-10-28")
    is_ours = version == "2025-09-30.clover"
    assert ("Next: python manage.py stripe_cart_webhook rotate" in output) is not is_ours


def test_a_default_version_that_is_not_known_is_never_ok(healthy_site: Sandbox) -> None:
    healthy_site.add_webhook_endpoint(URL)

    output, _is_healthy = run_doctor()
    assert "look   Stripe sends all needed events" in output
    assert "which no event shows yet; this app uses 2025-09-30.clover." in output

    make_event(healthy_site)
    healthy_site.faults.add("GET /v1/events", kind="forbidden", times=9)
    output, _is_healthy = run_doctor()
    assert "which no event shows yet; this app uses 2025-09-30.clover." in output


def test_the_version_of_an_endpoint_needs_no_event(healthy_site: Sandbox) -> None:
    before = len(healthy_site.requests)

    run_doctor()

    paths = [call["path"] for call in healthy_site.requests[before:]]
    assert "/v1/events" not in paths


def test_a_rotation_needs_both_secrets(healthy_site: Sandbox) -> None:
    gateway.create_endpoint(URL, EVENT_TYPES)

    output, is_healthy = run_doctor()
    assert not is_healthy
    assert "Stripe sends events to 2 endpoints, and STRIPE_CART_WEBHOOK_SECRET has 1" in output

    output, is_healthy = run_doctor(STRIPE_CART_WEBHOOK_SECRET=["whsec_new", "whsec_old"])
    assert is_healthy
    assert "Next: python manage.py stripe_cart_webhook retire" in output


def test_a_sandbox_without_an_endpoint_says_how_to_start_it(healthy_site: Sandbox) -> None:
    (endpoint,) = gateway.list_endpoints()
    gateway.delete_endpoint(endpoint.id)

    output, is_healthy = run_doctor(STRIPE_CART_API_BASE="http://127.0.0.1:1", DEBUG=True)

    assert not is_healthy
    assert "WRONG  The sandbox sends no events to this site." in output
    assert "stripe_sandbox --webhook http://127.0.0.1:8000/stripe/webhook/" in output
