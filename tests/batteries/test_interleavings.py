"""Two at once, in every order: the second acts at each point of the first, one run for each.

Where they meet is fixed, so each run is the same every time; that it makes a difference is shown
in test_stripe_mutants.py, by taking the guards away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from django_stripe_cart.models import CartItem, Order
from tests.batteries import actions
from tests.batteries.clock import age_rows, let_time_pass
from tests.batteries.interleaving import Meeting, meet
from tests.batteries.monitors import CartWatch
from tests.batteries.scenarios import MUGS, NOTHING, Case, Deed, pay_after_all
from tests.batteries.shop import Shop

pytestmark = pytest.mark.battery

Deeds = tuple[Deed, Deed]

MOST_POINTS = 200


@dataclass(frozen=True)
class Pair:
    """``check`` is asked as soon as both are done; then comes whatever must hold always."""

    prepare: Callable[[Case], Deeds]
    check: Callable[[Case, Meeting], None]


# --- who meets whom -------------------------------------------------------------------------------


def checkout_and_checkout(case: Case) -> Deeds:
    """Two windows."""
    case.shopper.add(case.mug, 2)
    return case.press_checkout(), case.press_checkout()


def resume_and_cancel(case: Case) -> Deeds:
    case.begin()
    return case.press_checkout(), (actions.cancel, (case.order.pk,))


def pay_after_all_and_cancel(case: Case) -> Deeds:
    """The order's page in one window, of an order whose checkout never reached Stripe."""
    deed = pay_after_all(case)
    return deed, (actions.cancel_own, deed[1])


def pay_after_all_and_checkout(case: Case) -> Deeds:
    return pay_after_all(case), case.press_checkout()


def changed_cart_and_pay(case: Case) -> Deeds:
    """The old address is still open in another tab."""
    case.begin()
    case.shopper.add(case.lamp)
    return case.press_checkout(), pay(case)


def changed_cart_and_changed_cart(case: Case) -> Deeds:
    case.begin()
    case.shopper.add(case.lamp)
    return case.press_checkout(), case.press_checkout()


def cancel_and_pay(case: Case) -> Deeds:
    case.begin()
    return (actions.cancel, (case.order.pk,)), pay(case)


def cancel_and_webhook(case: Case) -> Deeds:
    case.begin()
    case.pay()
    return (actions.cancel, (case.order.pk,)), ring(case)


def webhook_and_return_page(case: Case) -> Deeds:
    case.begin()
    case.pay()
    return ring(case), come_back(case)


def webhook_and_webhook(case: Case) -> Deeds:
    case.begin()
    case.pay()
    return ring(case), ring(case)


def refund_and_refund(case: Case) -> Deeds:
    """Two of the staff, and there is enough for one."""
    case.begin()
    case.pay()
    case.come_back()
    return (actions.refund, (case.order.pk, 30000)), (actions.refund, (case.order.pk, 30000))


def refund_and_return_page(case: Case) -> Deeds:
    case.begin()
    case.pay()
    case.come_back()
    return (actions.refund, (case.order.pk, 30000)), ring(case)


def checkout_and_add(case: Case) -> Deeds:
    case.shopper.add(case.mug, 2)
    return case.press_checkout(), (actions.add, (case.shopper.user.pk, case.lamp.pk))


def sync_and_webhook(case: Case) -> Deeds:
    case.begin()
    case.pay()
    age_rows(timedelta(minutes=40))
    return (actions.sync, ()), ring(case)


def sync_and_sync(case: Case) -> Deeds:
    case.begin()
    case.pay()
    age_rows(timedelta(minutes=40))
    return (actions.sync, ()), (actions.sync, ())


def sync_and_pay(case: Case) -> Deeds:
    """By our clock the session is over, by Stripe's there is a second left."""
    case.begin()
    age_rows(timedelta(minutes=61))
    return (actions.sync, ()), pay(case)


def webhook_expired_and_checkout(case: Case) -> Deeds:
    case.begin()
    case.shop.sandbox.expire(case.order.session_id or "")
    return (actions.ring, case.shop.letter("checkout.session.expired")), case.press_checkout()


def pay(case: Case) -> Deed:
    return case.shop.sandbox.pay, (case.order.session_url,)


def ring(case: Case) -> Deed:
    return actions.ring, case.shop.letter("checkout.session.completed")


def come_back(case: Case) -> Deed:
    return actions.come_back, (case.shopper.user.pk, str(case.order.reference))


# --- and what must come of it ---------------------------------------------------------------------


def one_order_for_both(case: Case, meeting: Meeting) -> None:
    order = case.order
    assert Order.objects.filter(status="pending").count() == 1
    for answer in (meeting.first, meeting.second):
        assert answer.url == order.session_url or answer.sentences
    assert order.session_url in (meeting.first.url, meeting.second.url)
    assert len([one for one in case.shop.sandbox.sessions if one["status"] == "open"]) == 1


def open_or_said(case: Case, meeting: Meeting) -> None:
    """Whoever is sent to Stripe can pay there; the others read why not."""
    for answer in (meeting.first, meeting.second):
        if getattr(answer, "url", "").startswith(case.shop.place.stripe):
            assert Order.objects.filter(session_url=answer.url).exists()


def paid_once(case: Case, meeting: Meeting) -> None:
    assert (case.sold(), case.paid()) == MUGS
    assert case.order.events.filter(kind="paid").count() == 1
    assert not CartItem.objects.exists()


def paid_or_canceled(case: Case, meeting: Meeting) -> None:
    was_paid = meeting.second.status == "paid"
    case.shop.sandbox.deliver()
    assert (case.sold(), case.paid()) == (MUGS if was_paid else NOTHING)
    assert case.order.status == ("paid" if was_paid else "canceled")


def paid_or_expired(case: Case, meeting: Meeting) -> None:
    assert meeting.second.status == "paid"
    case.shop.sandbox.deliver()
    assert (case.sold(), case.paid()) == MUGS


def one_refund(case: Case, meeting: Meeting) -> None:
    said = Counter(bool(answer.sentences) for answer in (meeting.first, meeting.second))
    assert said == {True: 1, False: 1}
    assert case.shop.refunded() == case.order.amount_refunded == 30000


def refunded(case: Case, meeting: Meeting) -> None:
    assert case.shop.refunded() == case.order.amount_refunded == 30000


def charged_as_seen(case: Case, meeting: Meeting) -> None:
    """Two mugs, as on the page; or nothing, and the page again with what changed."""
    assert meeting.second.status == 303
    if Order.objects.exists():
        assert case.order.total == 40000
        assert meeting.first.url == case.order.session_url
    else:
        assert meeting.first.sentences


PAIRS = [
    Pair(checkout_and_checkout, one_order_for_both),
    Pair(resume_and_cancel, open_or_said),
    Pair(pay_after_all_and_cancel, open_or_said),
    Pair(pay_after_all_and_checkout, one_order_for_both),
    Pair(changed_cart_and_pay, open_or_said),
    Pair(changed_cart_and_changed_cart, one_order_for_both),
    Pair(cancel_and_pay, paid_or_canceled),
    Pair(cancel_and_webhook, paid_once),
    Pair(webhook_and_return_page, paid_once),
    Pair(webhook_and_webhook, paid_once),
    Pair(refund_and_refund, one_refund),
    Pair(refund_and_return_page, refunded),
    Pair(checkout_and_add, charged_as_seen),
    Pair(sync_and_webhook, paid_once),
    Pair(sync_and_sync, paid_once),
    Pair(sync_and_pay, paid_or_expired),
    Pair(webhook_expired_and_checkout, open_or_said),
]


def run(shop: Shop, pair: Pair, *, point: int) -> tuple[Case, Meeting]:
    case = Case.open(shop)
    first, second = pair.prepare(case)
    pk = case.shopper.user.pk
    case.carts = CartWatch()
    if second[0] is actions.add:
        case.carts.touched.add(pk)
    meeting = meet(
        shop.sandbox, first, second, at=lambda number, name: number == point, users=(pk, pk)
    )
    for answer in (meeting.first, meeting.second):
        if isinstance(answer, Exception):
            raise answer
        assert getattr(answer, "status", 0) != 500, answer
    return case, meeting


def note_addresses(shop: Shop, meeting: Meeting) -> None:
    for answer in (meeting.first, meeting.second):
        shop.note_address(getattr(answer, "url", ""))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.prepare.__name__)
def test_no_interleaving_breaks_an_invariant(
    shop: Shop, pair: Pair, request: pytest.FixtureRequest
) -> None:
    for point in range(MOST_POINTS):
        case, meeting = run(shop, pair, point=point)
        if not meeting.met:  # the first is past its last point
            break
        name = meeting.points[point]
        note_addresses(shop, meeting)

        assert case.violations() == [], name
        pair.check(case, meeting)

        shop.sandbox.deliver()
        let_time_pass(shop.sandbox, timedelta(hours=2))
        assert actions.sync().status == 200, name
        assert case.settled_violations() == [], name
    request.node.user_properties.append(("points", point))
    assert 5 < point < MOST_POINTS - 1
