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
from tests.doctor.asking import SHOP, URL, WEBHOOK, ask, wrongs

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.stripe_sdk]


def wall(get_response: Any) -> Any:
    """A host's own login wall, which knows nothing of us."""
    return lambda request: HttpResponseRedirect("/accounts/login/?next=" + request.path)


@csrf_exempt
def taken(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=410)


def test_an_endpoint_that_is_missing_says_what_to_type(box: Sandbox) -> None:
    (endpoint,) = gateway.list_endpoints()
    gateway.delete_endpoint(endpoint.id)

    said, is_well = ask(DEBUG=False)
    assert not is_well
    assert "WRONG  No webhook endpoint points to this site." in said
    assert "Next: python manage.py stripe_cart_webhook create\n" in said

    said, _is_well = ask(DEBUG=False, STRIPE_CART_BASE_URL=None)
    assert "stripe_cart_webhook create --url https://….example/stripe/webhook/" in said

    said, is_well = ask(DEBUG=True)
    assert is_well
    assert "Next: stripe listen --forward-to 127.0.0.1:8000/stripe/webhook/" in said


def test_an_endpoint_at_another_address_is_reported(box: Sandbox) -> None:
    said, is_well = ask(STRIPE_CART_BASE_URL="https://www.shop.example", ALLOWED_HOSTS=["*"])

    assert not is_well
    assert (
        f"WRONG  Stripe sends events to {URL}, but the webhook is at https://www.shop.example/"
        in said
    )


def test_without_a_base_url_endpoints_are_matched_by_path(box: Sandbox) -> None:
    said, is_well = ask(STRIPE_CART_BASE_URL=None)

    assert is_well
    assert f"Stripe sends all needed events to {URL}" in said
    assert "Shoppers return from Stripe to the host that they came from." in said


def test_an_endpoint_that_lacks_something_is_reported(box: Sandbox) -> None:
    (endpoint,) = gateway.list_endpoints()
    gateway.delete_endpoint(endpoint.id)
    gateway.create_endpoint(URL, ["charge.refunded"])

    said, is_well = ask(STRIPE_CART_API_VERSION="2025-10-29.clover")

    assert not is_well
    (events, version) = wrongs(said)
    assert "It is not subscribed to charge.dispute.closed, " in events
    assert version.endswith(
        "It uses API version 2025-09-30.clover, this app uses 2025-10-29.clover."
    )
    assert said.count("Next: python manage.py stripe_cart_webhook rotate") == 2


def test_an_endpoint_without_a_version_speaks_that_of_the_account(box: Sandbox) -> None:
    box.add_webhook_endpoint(URL)

    assert f"Stripe sends all needed events to {URL}, in your account's API version." in ask()[0]


def test_a_rotation_needs_both_secrets(box: Sandbox) -> None:
    gateway.create_endpoint(URL, EVENT_TYPES)

    said, is_well = ask()
    assert not is_well
    assert "Stripe sends events to 2 endpoints, and STRIPE_CART_WEBHOOK_SECRET has 1" in said

    said, is_well = ask(STRIPE_CART_WEBHOOK_SECRET=["whsec_new", "whsec_old"])
    assert is_well
    assert "Next: python manage.py stripe_cart_webhook retire" in said


def test_without_a_secret_no_test_event_is_sent(box: Sandbox) -> None:
    said, is_well = ask(STRIPE_CART_WEBHOOK_SECRET=None)

    assert not is_well
    assert "look   Without a secret, every webhook is refused." in said


def test_the_test_event_finds_what_blocks_the_webhook(box: Sandbox) -> None:
    wall_first = ["tests.doctor.test_webhook.wall", *site.MIDDLEWARE]
    said, is_well = ask(MIDDLEWARE=wall_first)
    assert not is_well
    assert "/stripe/webhook/ redirects to /accounts/login/?next=/stripe/webhook/: Stripe" in said

    said, _is_well = ask(ALLOWED_HOSTS=["elsewhere.example"])
    assert "answers a valid event with 400: the host is not in ALLOWED_HOSTS" in said

    said, _is_well = ask(ROOT_URLCONF=(path("stripe/webhook/", taken), SHOP, WEBHOOK))
    assert "answers a valid event with 410: see the log." in said
    assert "(stripe_cart.W014)" in said


def test_the_test_event_needs_no_base_url(box: Sandbox) -> None:
    for hosts in (["*"], [".shop.example"], []):
        said, _is_well = ask(STRIPE_CART_BASE_URL=None, ALLOWED_HOSTS=hosts, DEBUG=True)

        assert "/stripe/webhook/ accepts events signed with your secret." in said


def test_missing_urls_are_reported(box: Sandbox) -> None:
    said, is_well = ask(ROOT_URLCONF=())

    assert not is_well
    assert len(wrongs(said)) == 2
    assert "The webhook's URL is not mounted, so it can't be tested." in said
    assert "The cart has no URL." in said


def test_a_webhook_inside_languages_is_wrong(box: Sandbox) -> None:
    said, is_well = ask(ROOT_URLCONF=(SHOP, *i18n_patterns(WEBHOOK)))

    assert not is_well
    assert "(stripe_cart.W013)" in "".join(wrongs(said))


def test_the_last_webhook_is_reported(box: Sandbox, browser: Browser, mug: Product) -> None:
    browser.add(mug)
    browser.check_out()
    order = browser.order
    Order.objects.update(synced_at=timezone.now())

    said, is_well = ask()
    assert not is_well
    assert "WRONG  No webhook has ever arrived, though there are orders." in said

    WebhookEvent.objects.create(event_id="evt_1", type="charge.refunded", order=order)
    said, _is_well = ask()
    assert "The last webhook arrived 0\xa0minutes ago (charge.refunded)." in said


@pytest.mark.parametrize(("error", "told"), [("Boom", "Boom."), ("", "it was interrupted.")])
def test_webhooks_that_are_not_finished_are_reported(box: Sandbox, error: str, told: str) -> None:
    WebhookEvent.objects.create(event_id="evt_new", type="charge.refunded")
    assert ask()[1]

    WebhookEvent.objects.create(event_id="evt_old", type="charge.refunded", error=error)
    ago = timezone.now() - timedelta(hours=2)
    WebhookEvent.objects.filter(event_id="evt_old").update(received_at=ago)
    said, is_well = ask()

    assert not is_well
    assert f"Webhooks not finished: 1, the oldest (evt_old) since 2\xa0hours: {told}" in said
