"""Diagnosis of the shop's database: connection, migrations and options."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import Tags, run_checks
from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor

from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.finding import Finding, good, wrong
from django_stripe_cart.doctor.settings import findings_from
from django_stripe_cart.models import Order


def diagnose_database() -> Iterator[Finding]:
    """Report whether the database responds, is migrated and has options that suit a shop."""
    alias = router.db_for_write(Order)
    connection = connections[alias]
    connection.ensure_connection()
    version = ".".join(str(part) for part in connection.get_database_version())
    yield good(f"{connection.display_name} {version} responds.")
    missing = _missing_migrations(alias)
    if missing:
        yield wrong(
            f"Migrations not applied yet: {', '.join(missing)}.", next="python manage.py migrate"
        )
    else:
        yield good("All migrations are applied.")
    yield from findings_from(run_checks(tags=[Tags.database], databases=[alias]))


def _missing_migrations(alias: str) -> list[str]:
    """Return the names of the unapplied migrations of the shop and of the product model's app."""
    executor = MigrationExecutor(connections[alias])
    apps = {"stripe_cart", conf.product_model.partition(".")[0]}
    targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] in apps]
    plan = executor.migration_plan(targets)
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]
