"""The admin of webhook events."""

from __future__ import annotations

from django_stripe_cart.admin.base import ReadOnlyAdmin


class WebhookEventAdmin(ReadOnlyAdmin):
    """A read-only list of the received webhook events, and whether they were processed."""

    list_display = ("event_id", "type", "order", "received_at", "processed_at", "attempts", "error")
    list_filter = ("type", "received_at")
    list_select_related = ("order",)
    search_fields = ("event_id", "object_id")
