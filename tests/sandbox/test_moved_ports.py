"""Sandbox and shop on new ports: URLs and webhook endpoints follow."""

from __future__ import annotations

from pathlib import Path

import pytest
from stripe import StripeClient

from django_stripe_cart.management.commands.stripe_sandbox import _delete_endpoints_on_other_ports
from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import session_params

pytestmark = pytest.mark.stripe_sdk


def test_an_open_session_moves_to_a_new_base_url(tmp_path: Path) -> None:
    before = Sandbox(data=tmp_path / "kept.sqlite3", base_url="http://127.0.0.1:8001")
    stripe = StripeClient("sk_test_x", http_client=before.http_client())
    session = stripe.v1.checkout.sessions.create(session_params())
    before.close()

    after = Sandbox(data=tmp_path / "kept.sqlite3")
    after.base_url = "http://127.0.0.1:9001"

    url = after.sessions[0]["url"]
    assert url == session.url.replace(":8001", ":9001")
    assert after.pay(url).status == "paid"
    after.close()


def test_webhook_endpoints_on_other_ports_are_deleted() -> None:
    sandbox = Sandbox()
    sandbox.add_webhook_endpoint("http://127.0.0.1:8000/stripe/webhook/", "whsec_1")
    sandbox.add_webhook_endpoint("http://127.0.0.1:8000/another/", "whsec_2")

    _delete_endpoints_on_other_ports(sandbox, "http://127.0.0.1:9000/stripe/webhook/")

    listed = sandbox.handle(
        "GET", "/v1/webhook_endpoints", {"Authorization": "Bearer sk_test_x"}, b""
    )
    assert b"/stripe/webhook/" not in listed.body
    assert b"/another/" in listed.body
