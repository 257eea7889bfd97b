"""Content-Security-Policies that block Stripe or the shop."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.messages import check_messages, message_ids

STRIPE = "https://checkout.stripe.com"


class Nonce:
    """django-csp's own stand-in for a nonce is no text."""

    def __str__(self) -> str:
        return "'nonce-…'"


SHUT_OUT = [
    ("W008", {"form-action": ["'self'"]}),
    ("W008", {"form-action": "'none'"}),
    ("W008", {"form-action": ["'self'", "https://stripe.com"]}),
    ("W008", {"form-action": ["https://checkout.stripe.com.evil.example"]}),
    ("W016", {"script-src": [Nonce(), "'strict-dynamic'"]}),
    ("W016", {"script-src": ["https://cdn.example"]}),
    ("W016", {"script-src": ["'self'"], "script-src-elem": ["'none'"]}),
    ("W016", {"style-src": "'none'"}),
    ("W016", {"connect-src": ["https://api.example"], "default-src": ["'self'"]}),
]
LET_IN = [
    {"form-action": ["'self'", STRIPE]},
    {"form-action": f"'self' {STRIPE}/"},
    {"form-action": ["https:"]},
    {"form-action": ["*"]},
    {"form-action": ["*.stripe.com"]},
    {"form-action": None},
    {"form-action": False},
    {"default-src": ["'self'"]},  # form-action does not fall back to it
    {"default-src": ["'none'"], "script-src": ["'self'"], "style-src": ["testserver"],
     "connect-src": ("'self'", "https://api.example")},
    {"script-src": {"https:", Nonce()}},
    {"upgrade-insecure-requests": True},
    {},
]  # fmt: skip


@pytest.mark.parametrize(("number", "policy"), SHUT_OUT)
def test_a_policy_that_shuts_out_is_reported(number: str, policy: dict[str, Any]) -> None:
    for settings in (
        {"SECURE_CSP": policy},
        {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": policy}},
    ):
        (message,) = check_messages(**settings)

        assert message.id == f"stripe_cart.{number}"
        assert message.msg.startswith(next(iter(settings)))
        assert "to " in str(message.hint)


@pytest.mark.parametrize("policy", LET_IN)
def test_a_policy_that_lets_in_passes(policy: dict[str, Any]) -> None:
    assert message_ids(SECURE_CSP=policy) == []
    assert (
        message_ids(CONTENT_SECURITY_POLICY={"DIRECTIVES": policy, "EXCLUDE_URL_PREFIXES": []})
        == []
    )


@pytest.mark.parametrize("policy", [None, "default-src 'self'", ["'self'"], {"DIRECTIVES": None}])
def test_an_invalid_policy_is_left_to_other_checks(policy: Any) -> None:
    assert message_ids(CONTENT_SECURITY_POLICY=policy) == []


def test_a_report_only_policy_blocks_nothing() -> None:
    policy = {"default-src": ["'none'"], "form-action": ["'none'"]}

    assert message_ids(SECURE_CSP_REPORT_ONLY=policy) == []


def test_everything_that_is_shut_out_is_reported() -> None:
    messages = check_messages(SECURE_CSP={"default-src": ["'none'"]})

    assert {message.id for message in messages} == {"stripe_cart.W016"}
    assert [message.msg.split()[-1] for message in messages] == [
        "script.",
        "stylesheet.",
        "requests.",
    ]


def test_static_files_on_another_host_need_that_host() -> None:
    there = {"STATIC_URL": "https://static.example/"}

    assert message_ids(SECURE_CSP={"script-src": ["'self'"]}, **there) == ["W016"]
    assert message_ids(SECURE_CSP={"script-src": ["https://static.example"]}, **there) == []


def test_the_sandbox_is_where_a_form_leads_while_it_is_used() -> None:
    box = {"STRIPE_CART_API_BASE": "http://127.0.0.1:12111", "DEBUG": True}

    assert message_ids(SECURE_CSP={"form-action": ["'self'", STRIPE]}, **box) == ["W008"]
    assert message_ids(SECURE_CSP={"form-action": ["http://127.0.0.1:12111"]}, **box) == []
