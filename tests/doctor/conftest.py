from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as site
from django.db import connection
from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.models import EventCursor
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.webhooks.processing import EVENT_TYPES
from tests.doctor.command import URL


@pytest.fixture
def healthy_site(settings: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A site that is set up well, as its Stripe account sees it."""
    settings.STRIPE_CART_BASE_URL = "https://shop.example"
    settings.ALLOWED_HOSTS = [*site.ALLOWED_HOSTS, "shop.example"]
    settings.DEFAULT_FROM_EMAIL = "shop@shop.example"
    options = {"transaction_mode": "IMMEDIATE", "timeout": 20}
    if connection.vendor == "sqlite":
        monkeypatch.setitem(site.DATABASES["default"], "OPTIONS", options)
    for endpoint in gateway.list_endpoints():
        gateway.delete_endpoint(endpoint.id)
    gateway.create_endpoint(URL, EVENT_TYPES)
    digest = conf.api_key_digest
    EventCursor.objects.create(api_key_digest=digest, seen_until=timezone.now())
    return sandbox
