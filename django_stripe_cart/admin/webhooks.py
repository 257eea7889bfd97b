"""The events that Stripe rang with, and what became of them."""

from __future__ import annotations

from django.contrib import admin

from django_stripe_cart.admin.window import Window


class WebhookEventAdmin(Window, admin.ModelAdmin):
    list_display = ("event_id", "type", "order", "received_at", "processed_at", "attempts", "error")
    list_filter = ("type", "received_at")
    list_select_related = ("order",)
    search_fields = ("event_id", "object_id")
