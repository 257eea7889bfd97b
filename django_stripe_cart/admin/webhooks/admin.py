"""The admin of webhook events: the list, and the page of an event."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.admin.actions.views import action_urls, list_actions
from django_stripe_cart.admin.base import ActionAdmin
from django_stripe_cart.admin.dashboard import event_url, object_url
from django_stripe_cart.admin.webhooks.actions import ACTIONS, EventActionPage
from django_stripe_cart.admin.webhooks.texts import (
    STATES,
    describe_state,
    explain_failure,
    state_of,
)
from django_stripe_cart.conf import conf
from django_stripe_cart.models import WebhookEvent


class StateFilter(admin.SimpleListFilter):
    """A filter by state: waiting, acknowledged or processed."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Return the choices of the filter."""
        return [(state, STATES[state]) for state in ("waiting", "acknowledged", "processed")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the events that match the chosen filter."""
        match self.value():
            case "waiting":
                return queryset.waiting()
            case "acknowledged":
                return queryset.filter(processed_at=None, acknowledged_at__isnull=False)
            case "processed":
                return queryset.filter(processed_at__isnull=False)
        return queryset


class WebhookEventAdmin(ActionAdmin):
    """The read-only admin of webhook events: the list, the page of an event, and actions."""

    list_display = ("event", "state", "order", "received_at", "error")
    list_filter = (StateFilter, "type", "received_at")
    list_select_related = ("order",)
    search_fields = ("event_id", "object_id")
    actions = list_actions(ACTIONS)
    fields = (
        "state", "error", "attempts", "type", "event_id", "object_id", "order", "livemode",
        "received_at", "delivered_at",
    )  # fmt: skip
    readonly_fields = ("state",)

    class Media:
        css = {"all": ("stripe_cart/admin.css",)}

    @admin.display(description=_("event"), ordering="type")
    def event(self, event: WebhookEvent) -> SafeString:
        """Return the type and the id of the event, for the list."""
        html = '{}<br><span class="stripe-cart-quiet">{}</span>'
        return format_html(html, event.type, event.event_id)

    @admin.display(description=_("state"))
    def state(self, event: WebhookEvent) -> SafeString:
        """Return the state as a badge, with a text such as the time of the next attempt."""
        state = state_of(event)
        html = (
            '<span class="stripe-cart-badge stripe-cart-event-{}">{}</span> '
            '<span class="stripe-cart-quiet">{}</span>'
        )
        return format_html(html, state, STATES[state], describe_state(event))

    def has_acknowledge_permission(
        self, request: HttpRequest, obj: WebhookEvent | None = None
    ) -> bool:
        """Return whether the user may acknowledge ``obj``, or any event if ``obj`` is None."""
        return request.user.has_perm("stripe_cart.acknowledge_webhookevent")

    def has_retry_permission(self, request: HttpRequest, obj: WebhookEvent | None = None) -> bool:
        """Return whether the user may process ``obj`` again, or any event if ``obj`` is None."""
        return request.user.has_perm("stripe_cart.retry_webhookevent")

    def count_waiting(self, request: HttpRequest) -> int:
        """Return how many of the events that the user may see could not be processed yet."""
        events: Any = self.get_queryset(request)
        return int(events.waiting().count())

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page of an event.

        If the event could not be processed, the page says why, and offers actions.
        """
        event = self.get_object_to_view(request, object_id)
        context = {
            "failure": explain_failure(event) if event.is_waiting else None,
            "offers": self._available_actions(request, event),
            "event_url": event_url(event),
            "object_url": object_url(event),
            "is_sandbox": bool(conf.api_base),
        }
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def get_urls(self) -> list[URLPattern]:
        """Return the URL patterns of this admin, including those of the actions."""
        return [*action_urls(self, ACTIONS, EventActionPage), *super().get_urls()]

    def _available_actions(self, request: HttpRequest, event: WebhookEvent) -> list[dict[str, Any]]:
        """Return the actions that the user can run on the event now, with their URLs."""
        return [
            {"action": action, "url": self.page_url(action.name, event.pk)}
            for action in ACTIONS
            if self.has_action_permission(action.name, request, event)
            and action.is_available(event)
        ]
