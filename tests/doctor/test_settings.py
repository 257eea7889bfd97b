"""The numbered checks, as the doctor shows them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import CheckMessage, Tags, Warning
from django.core.checks.registry import registry

from django_stripe_cart import checks
from django_stripe_cart.sandbox import Sandbox
from tests.doctor.asking import ask, wrongs

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.stripe_sdk]


def test_check_messages_are_shown_with_number_and_hint(box: Sandbox) -> None:
    said, is_well = ask(STRIPE_CART_CURRENCY="dollars", SESSION_COOKIE_SAMESITE="Strict")

    assert not is_well
    assert (
        "WRONG  STRIPE_CART_CURRENCY is 'dollars', which is not a currency code. (stripe_cart.E003)"
        in said
    )
    assert "Next: Use a code of three letters" in said
    assert 'look   SESSION_COOKIE_SAMESITE is "Strict"' in said
    assert said.endswith("Problems, marked WRONG: 1.")


def test_database_checks_are_shown_once(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def grumble(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
        return [Warning("The disk creaks.", id="stripe_cart.W999") for _alias in databases or ()]

    grumble.tags = (checks.TAG, Tags.database)  # type: ignore[attr-defined]
    monkeypatch.setattr(registry, "registered_checks", {*registry.registered_checks, grumble})

    said, _is_well = ask()

    assert said.count("The disk creaks.") == 1
    assert said.index("\nDatabase\n") < said.index("The disk creaks.")


def test_a_check_that_is_silenced_is_advice_only(box: Sandbox) -> None:
    said, _is_well = ask(
        STRIPE_CART_API_VERSION="2025-09-30.clover ", SILENCED_SYSTEM_CHECKS=["stripe_cart.E014"]
    )

    assert "look   STRIPE_CART_API_VERSION" in said
    assert "(stripe_cart.E014)" not in "".join(wrongs(said))
