"""Doing something to the database as if for good, and having it undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import router, transaction
from django.test import TestCase

from django_stripe_cart.models import Order


@contextmanager
def undone() -> Iterator[None]:
    """Undo at the end what was done inside, though it was committed as far as the shop can see."""
    alias = router.db_for_write(Order)
    wrapping = transaction.atomic(using=alias)
    # As Django's own TestCase marks its wrapping: durable blocks may begin inside.
    wrapping._from_testcase = True  # type: ignore[attr-defined]
    with wrapping:
        yield
        transaction.set_rollback(True, using=alias)


@contextmanager
def commits() -> Iterator[None]:
    """Run at the end what waited for a commit, and was not rolled back with its transaction."""
    alias = router.db_for_write(Order)
    with TestCase.captureOnCommitCallbacks(using=alias, execute=True):
        yield
