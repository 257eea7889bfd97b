"""The webhook, its endpoint at Stripe and a test delivery, as the doctor shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from django_stripe_cart import gateway
from django_stripe_cart.models import Order, Product, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.webhooks.processing import EVENT_TYPES
from tests.doctor.command import SHOP, URL, WEBHOOK, problems_in, run_doctor

pytestmark = [pytest.mark.django_db, pytest.mark.stripe_sdk]


def login_wall(get_response: Any) -> Any:
    """A host's own login wall, which knows nothing of us."""
    return lambda request: HttpResponseRedirect("/accounts/login/?next=" + request.path)


@csrf_exempt
def respond_gone(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=410)


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


def test_an_endpoint_without_a_version_speaks_that_of_the_account(healthy_site: Sandbox) -> None:
    healthy_site.add_webhook_endpoint(URL)

    assert (
        f"Stripe sends all needed events to {URL}, in your account's API version."
        in run_doctor()[0]
    )


def test_a_rotation_needs_both_secrets(healthy_site: Sandbox) -> None:
    gateway.create_endpoint(URL, EVENT_TYPES)

    output, is_healthy = run_doctor()
    assert not is_healthy
    assert "Stripe sends events to 2 endpoints, and STRIPE_CART_WEBHOOK_SECRET has 1" in output

    output, is_healthy = run_doctor(STRIPE_CART_WEBHOOK_SECRET=["whsec_new", "whsec_old"])
    assert is_healthy
    assert "Next: python manage.py stripe_cart_webhook retire" in output


def test_without_a_secret_no_test_event_is_sent(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(STRIPE_CART_WEBHOOK_SECRET=None)

    assert not is_healthy
    assert "look   Without a secret, every webhook is refused." in output


def test_the_test_event_finds_what_blocks_the_webhook(healthy_site: Sandbox) -> None:
    login_wall_first = ["tests.doctor.test_webhook.login_wall", *site.MIDDLEWARE]
    output, is_healthy = run_doctor(MIDDLEWARE=login_wall_first)
    assert not is_healthy
    assert "/stripe/webhook/ redirects to /accounts/login/?next=/stripe/webhook/: Stripe" in output

    output, _is_healthy = run_doctor(ALLOWED_HOSTS=["elsewhere.example"])
    assert "answers a valid event with 400: the host is not in ALLOWED_HOSTS" in output

    output, _is_healthy = run_doctor(
        ROOT_URLCONF=(path("stripe/webhook/", respond_gone), SHOP, WEBHOOK)
    )
    assert "answers a valid event with 410: see the log." in output
    assert "(stripe_cart.W014)" in output


def test_the_test_event_needs_no_base_url(healthy_site: Sandbox) -> None:
    for hosts in (["*"], [".shop.example"], []):
        output, _is_healthy = run_doctor(STRIPE_CART_BASE_URL=None, ALLOWED_HOSTS=hosts, DEBUG=True)

        assert "/stripe/webhook/ accepts events signed with your secret." in output


def test_missing_urls_are_reported(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(ROOT_URLCONF=())

    assert not is_healthy
    assert len(problems_in(output)) == 2
    assert "The webhook's URL is not mounted, so it can't be tested." in output
    assert "The cart has no URL." in output


def test_a_webhook_inside_languages_is_wrong(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(ROOT_URLCONF=(SHOP, *i18n_patterns(WEBHOOK)))

    assert not is_healthy
    assert "(stripe_cart.W013)" in "".join(problems_in(output))


def test_the_last_webhook_is_reported(
    healthy_site: Sandbox, browser: Browser, mug: Product
) -> None:
    browser.add(mug)
    browser.check_out()
    order = browser.order
    Order.objects.update(synced_at=timezone.now())

    output, is_healthy = run_doctor()
    assert not is_healthy
    assert "WRONG  No webhook has ever arrived, though there are orders." in output

    WebhookEvent.objects.create(event_id="evt_1", type="charge.refunded", order=order)
    output, _is_healthy = run_doctor()
    assert "The last webhook arrived 0\xa0minutes ago (charge.refunded)." in output


@pytest.mark.parametrize(("error", "told"), [("Boom", "Boom."), ("", "it was interrupted.")])
def test_webhooks_that_are_not_finished_are_reported(
    healthy_site: Sandbox, error: str, told: str
) -> None:
    WebhookEvent.objects.create(event_id="evt_new", type="charge.refunded")
    assert run_doctor()[1]

    WebhookEvent.objects.create(event_id="evt_old", type="charge.refunded", error=error)
    ago = timezone.now() - timedelta(hours=2)
    WebhookEvent.objects.filter(event_id="evt_old").update(received_at=ago)
    output, is_healthy = run_doctor()

    assert not is_healthy
    assert f"Webhooks not finished: 1, the oldest (evt_old) since 2\xa0hours: {told}" in output
