"""Roll back a test's changes, even those that the tested code has committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import router, transaction
from django.test import TestCase

from django_stripe_cart.models import Order


@contextmanager
def rolled_back() -> Iterator[None]:
    """Roll back all changes of the ``with`` block, even if the block has committed them."""
    alias = router.db_for_write(Order)
    outer = transaction.atomic(using=alias)
    # Like Django's TestCase, so that durable transactions may start inside.
    outer._from_testcase = True  # type: ignore[attr-defined]
    with outer:
        yield
        transaction.set_rollback(True, using=alias)


@contextmanager
def run_on_commit() -> Iterator[None]:
    """After the ``with`` block, run the ``on_commit`` callbacks of its committed transactions."""
    alias = router.db_for_write(Order)
    with TestCase.captureOnCommitCallbacks(using=alias, execute=True):
        yield
