"""The webhook and a test delivery, as the doctor shows them."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as site
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, set_script_prefix
from django.views.decorators.csrf import csrf_exempt

from django_stripe_cart.doctor.finding import good
from django_stripe_cart.doctor.webhook import diagnose_webhook
from django_stripe_cart.sandbox import Sandbox
from tests.doctor.command import SHOP, WEBHOOK, problems_in, run_doctor

pytestmark = [pytest.mark.django_db, pytest.mark.stripe_sdk]


def login_wall(get_response: Any) -> Any:
    """A host's own login wall, which knows nothing of us."""
    return lambda request: HttpResponseRedirect("/accounts/login/?next=" + request.path)


@csrf_exempt
def respond_gone(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=410)


def test_without_a_secret_no_test_event_is_sent(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(STRIPE_CART_WEBHOOK_SECRET=None)

    assert not is_healthy
    assert "look   Without a secret, every webhook is refused." in output


@pytest.mark.parametrize("value", ["whsec_1,whsec_2", '"whsec_1"', "sk_test_1"])
def test_with_a_malformed_secret_no_test_event_is_sent(healthy_site: Sandbox, value: str) -> None:
    output, is_healthy = run_doctor(STRIPE_CART_WEBHOOK_SECRET=value)

    assert not is_healthy
    assert "(stripe_cart.W009)" in "".join(problems_in(output))
    assert "look   No test event was sent: STRIPE_CART_WEBHOOK_SECRET is not a secret." in output
    assert "accepts events signed with your secret" not in output


def test_a_secret_from_a_file_ends_with_a_newline(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(STRIPE_CART_WEBHOOK_SECRET="whsec_tests\n")

    assert is_healthy
    assert "ok     /stripe/webhook/ accepts events signed with your secret." in output


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


def test_a_site_below_a_prefix_is_tested_as_its_server_calls_it(sandbox: Sandbox, db: None) -> None:
    set_script_prefix("/app/")
    try:
        findings = list(diagnose_webhook())
    finally:
        set_script_prefix("/")

    assert good("/app/stripe/webhook/ accepts events signed with your secret.") in findings
