"""The numbered checks, as the doctor shows them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import CheckMessage, Tags, Warning
from django.core.checks.registry import registry

from django_stripe_cart import checks
from django_stripe_cart.sandbox import Sandbox
from tests.doctor.command import problems_in, run_doctor

pytestmark = pytest.mark.django_db


def test_check_messages_are_shown_with_number_and_hint(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(
        STRIPE_CART_CURRENCY="dollars", SESSION_COOKIE_SAMESITE="Strict"
    )

    assert not is_healthy
    assert (
        "WRONG  STRIPE_CART_CURRENCY is 'dollars', which is not a currency code. (stripe_cart.E003)"
        in output
    )
    assert "Next: Use a code of three letters" in output
    assert 'look   SESSION_COOKIE_SAMESITE is "Strict"' in output
    assert output.endswith("Problems, marked WRONG: 1.")


def test_database_checks_are_shown_once(
    healthy_site: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def always_warn(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
        return [Warning("The disk creaks.", id="stripe_cart.W999") for _alias in databases or ()]

    always_warn.tags = (checks.TAG, Tags.database)  # type: ignore[attr-defined]
    monkeypatch.setattr(registry, "registered_checks", {*registry.registered_checks, always_warn})

    output, _is_healthy = run_doctor()

    assert output.count("The disk creaks.") == 1
    assert output.index("\nDatabase\n") < output.index("The disk creaks.")


def test_a_check_that_is_silenced_is_advice_only(healthy_site: Sandbox) -> None:
    output, _is_healthy = run_doctor(
        STRIPE_CART_API_VERSION="2025-09-30.clover ", SILENCED_SYSTEM_CHECKS=["stripe_cart.E014"]
    )

    assert "look   STRIPE_CART_API_VERSION" in output
    assert "(stripe_cart.E014)" not in "".join(problems_in(output))
