"""What must hold in every shop at every moment, and what must hold once it has settled.

Both functions return sentences, none if all is well::

    assert violations(sandbox) == []

``sandbox`` is the one in this process, or anything that shows ``sessions``, ``payment_intents`` and
``refunds``. They only read, from one snapshot, so that others may go on buying meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django_stripe_cart.testing.invariants import always, eventually
from django_stripe_cart.testing.invariants.snapshot import Books, StripeBooks

Stock = Mapping[Any, int]


def violations(
    sandbox: StripeBooks, *, stock: Stock | None = None, handed_out: Iterable[str] = ()
) -> list[str]:
    """Return what is wrong, though it must hold at every moment.

    ``stock`` is how many of each product (by primary key) there were before anything was sold.
    ``handed_out`` are the payable addresses that shoppers were ever given.
    """
    return _at_every_moment(Books.read(sandbox), stock or {}, handed_out)


def settled_violations(
    sandbox: StripeBooks,
    *,
    stock: Stock | None = None,
    handed_out: Iterable[str] = (),
    paid_is_recorded: bool = False,
) -> list[str]:
    """Return what is wrong once faults have stopped, time has passed and sync has run.

    That is all of ``violations`` and more. With ``paid_is_recorded`` the receiver ``record_paid``
    was connected to ``order_paid`` in every process, and each delivery is counted.
    """
    books = Books.read(sandbox)
    found = _at_every_moment(books, stock or {}, handed_out)
    found += eventually.unfinished(books)
    found += eventually.money(books)
    found += eventually.refunds(books)
    if paid_is_recorded:
        found += eventually.deliveries(books)
    return found


def _at_every_moment(books: Books, stock: Stock, handed_out: Iterable[str]) -> list[str]:
    return [
        *always.slots(books),
        *always.stock(books, stock),
        *always.goods(books, stock),
        *always.payments(books),
        *always.refunds(books),
        *always.addresses(books, handed_out),
        *always.timelines(books),
        *always.emails(books),
    ]
