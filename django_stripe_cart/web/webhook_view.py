"""The view that receives Stripe's webhooks."""

from __future__ import annotations

import logging
from contextlib import suppress

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from django_stripe_cart.exceptions import InvalidWebhook
from django_stripe_cart.models import WebhookRefusal
from django_stripe_cart.web.decorators import non_atomic
from django_stripe_cart.webhooks.processing import receive_webhook

logger = logging.getLogger("stripe_cart")

MAX_WEBHOOK_BYTES = 1_000_000  # bytes; Stripe's are a few kB


@csrf_exempt
@login_not_required
@non_atomic
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Verify and process an event that Stripe sends. Respond with 400 if the event is not valid."""
    body = request.read(MAX_WEBHOOK_BYTES + 1)
    if len(body) > MAX_WEBHOOK_BYTES:
        return HttpResponse(status=400)
    signature = request.headers.get("Stripe-Signature", "")
    try:
        receive_webhook(body, signature)
    except InvalidWebhook as error:
        # Not raised: Django would log a traceback and mail the admins for every forged request.
        logger.warning("%s", error)
        if signature:
            # The response is the same if the database fails.
            with suppress(DatabaseError):
                WebhookRefusal.record(str(error))
        return HttpResponse(status=400)
    return HttpResponse(status=200)
