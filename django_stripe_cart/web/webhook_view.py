"""The view that receives Stripe's webhooks."""

from __future__ import annotations

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from django_stripe_cart.exceptions import InvalidWebhook
from django_stripe_cart.web.decorators import opens_transactions
from django_stripe_cart.webhooks.processing import receive

logger = logging.getLogger("stripe_cart")

LONGEST_WEBHOOK = 1_000_000  # bytes; Stripe's are a few kB


@csrf_exempt
@login_not_required
@opens_transactions
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    body = request.read(LONGEST_WEBHOOK + 1)
    if len(body) > LONGEST_WEBHOOK:
        return HttpResponse(status=400)
    try:
        receive(body, request.headers.get("Stripe-Signature", ""))
    except InvalidWebhook as error:
        # Not left to Django: for everybody who knocks it would log a traceback and mail the admins.
        logger.warning("%s", error)
        return HttpResponse(status=400)
    return HttpResponse(status=200)
