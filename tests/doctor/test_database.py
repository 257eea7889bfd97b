"""The database and its migrations, as the doctor shows them."""

from __future__ import annotations

import pytest
from django.db import connection

from django_stripe_cart.sandbox import Sandbox
from tests.doctor.command import run_doctor

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_migration_that_is_not_applied_is_reported(healthy_site: Sandbox) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'stripe_cart'")

    output, is_healthy = run_doctor()

    assert not is_healthy
    assert "WRONG  Migrations not applied yet: stripe_cart.0001_initial" in output
    assert "Next: python manage.py migrate" in output


@pytest.mark.not_on("mysql")  # where a table can't be renamed and brought back by a rollback
def test_a_table_that_is_missing_is_a_sentence_in_every_part(healthy_site: Sandbox) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE stripe_cart_eventcursor RENAME TO elsewhere")

    output, is_healthy = run_doctor()

    assert not is_healthy
    assert "WRONG  The database does not respond: " in output
    assert "E-mail\n" in output


def test_a_product_model_that_is_not_there_breaks_nothing(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(STRIPE_CART_PRODUCT_MODEL="nowhere.Product")

    assert not is_healthy
    assert "(stripe_cart.E005)" in output
    assert "Products: " not in output
