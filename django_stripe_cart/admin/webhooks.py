"""The admin of webhook events: which were received, and whether they were processed."""

from __future__ import annotations

from django_stripe_cart.admin.readonly import ReadOnlyAdmin


class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ("event_id", "type", "order", "received_at", "processed_at", "attempts", "error")
    list_filter = ("type", "received_at")
    list_select_related = ("order",)
    search_fields = ("event_id", "object_id")
