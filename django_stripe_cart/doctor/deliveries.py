"""Diagnosis of webhooks: which arrived, which were refused, and whether some did not arrive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.timesince import timesince

from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.endpoints import WEBHOOK_COMMAND
from django_stripe_cart.doctor.finding import Finding, advice, describe_time, good, wrong
from django_stripe_cart.gateway.events import OTHER_SECRET, OTHER_TIME
from django_stripe_cart.models import Order, WebhookEvent, WebhookRefusal

# A webhook may arrive this much later than the payment is recorded.
MAX_DELAY = timedelta(minutes=10)

NEXT_STEPS = {
    OTHER_SECRET: "If Stripe sent it, set STRIPE_CART_WEBHOOK_SECRET to the endpoint's secret; "
    f"{WEBHOOK_COMMAND} rotate makes a new one. If a stranger did, the next webhook of Stripe "
    "ends this message.",
    OTHER_TIME: "Compare the clocks, see “Stripe account”.",
}


def diagnose_deliveries() -> Iterator[Finding]:
    """Report the last webhook, the last refused webhook, and orders paid since the last webhook."""
    arrived = WebhookEvent.objects.filter(livemode=conf.livemode).exclude(delivered_at=None)
    last = arrived.order_by("-delivered_at").first()
    yield _report_last_webhook(last)
    last_arrival = last.delivered_at if last else None
    yield from _report_refusal(last_arrival)
    if last_arrival is not None:
        yield from _report_paid_since(last_arrival)


def _report_last_webhook(last: WebhookEvent | None) -> Finding:
    """Report when the last webhook arrived."""
    if last is not None and last.delivered_at is not None:
        return good(f"The last webhook arrived {timesince(last.delivered_at)} ago ({last.type}).")
    if Order.objects.filter(livemode=conf.livemode).exclude(session_id=None).exists():
        return wrong(
            "No webhook has ever arrived, though there are orders.", next=_how_to_see_answers()
        )
    return advice(
        "No webhook has arrived yet.", next="Buy something with the card 4242 4242 4242 4242."
    )


def _report_refusal(last_arrival: datetime | None) -> Iterator[Finding]:
    """Report the last refused webhook.

    The refusal is reported as WRONG if no webhook has arrived since, and none within the last day.
    Otherwise it is reported as advice, and only if it is less than a day ago.
    """
    refusal = WebhookRefusal.objects.first()
    if refusal is None:
        return
    when, reason = describe_time(refusal.refused_at), refusal.reason
    day_ago = timezone.now() - timedelta(days=1)
    # Strangers can send webhooks that are refused, so one is no trouble while others arrive.
    if last_arrival is None or refusal.refused_at > last_arrival < day_ago:
        next_steps = [step for known, step in NEXT_STEPS.items() if known in reason]
        yield wrong(
            f"The last webhook was refused {when}. {reason}",
            next=next_steps[0] if next_steps else "See the log of this time.",
        )
    elif refusal.refused_at > day_ago:
        yield advice(f"A webhook was refused {when}. {reason}")


def _report_paid_since(last_arrival: datetime) -> Iterator[Finding]:
    """Report how many orders were paid since the last webhook arrived."""
    paid = Order.objects.filter(
        amount_paid__gt=0,
        payment_intent_id__isnull=False,
        livemode=conf.livemode,
        paid_at__gt=last_arrival + MAX_DELAY,
        paid_at__lt=timezone.now() - MAX_DELAY,
    )
    count = paid.count()
    if count:
        orders = "order was" if count == 1 else "orders were"
        yield wrong(
            f"{count} {orders} paid since the last webhook arrived.", next=_how_to_see_answers()
        )


def _how_to_see_answers() -> str:
    """Return a sentence that says where to see how this site answered webhooks."""
    return f"See at {conf.api_base or 'dashboard.stripe.com/webhooks'} how this site answered."
