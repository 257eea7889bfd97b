"""Base classes of the shop's admin: for read-only rows, for actions, and for actions on orders."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import reverse

from django_stripe_cart.models import Order


class ReadOnlyAdmin(admin.ModelAdmin):
    """An admin whose rows can't be added, changed or deleted by hand, even by superusers."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows can't be added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows can't be changed by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows can't be deleted by hand."""
        return False

    def get_object_to_view(self, request: HttpRequest, object_id: str) -> Any:
        """Return the row with this key.

        Raises ``PermissionDenied`` if the method is not GET or HEAD, or if the user may not view
        the row. Raises ``Http404`` if there is no such row.
        """
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        found = self.get_object(request, unquote(object_id))
        if found is None and self.has_view_permission(request):
            raise Http404
        if found is None or not self.has_view_permission(request, found):
            raise PermissionDenied
        return found


class ActionAdmin(ReadOnlyAdmin):
    """A read-only admin with actions.

    Each action needs the permission ``stripe_cart.ACTION_MODEL``. To remove an action, or to allow
    it for some rows only, override ``has_ACTION_permission``.
    """

    def has_action_permission(self, action: str, request: HttpRequest, row: Any = None) -> bool:
        """Return whether the user may view the row and run ``action`` on it."""
        is_permitted = getattr(self, f"has_{action}_permission")
        return self.has_view_permission(request, row) and is_permitted(request, row)

    def page_url(self, name: str, *args: Any) -> str:
        """Return the URL of a page of this admin. ``name`` is, for example, ``changelist``."""
        view = f"admin:stripe_cart_{self.opts.model_name}_{name}"
        return reverse(view, args=args, current_app=self.admin_site.name)

    def page_context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        """Return the template context that the pages of this admin need."""
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": title,
        }


class OrderAdminBase(ActionAdmin):
    """A read-only admin of orders that checks a permission for each action on orders."""

    def has_refund_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may refund ``obj``, or orders in general if ``obj`` is None."""
        return request.user.has_perm("stripe_cart.refund_order")

    def has_fulfill_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may complete ``obj``, or orders in general if ``obj`` is None."""
        return request.user.has_perm("stripe_cart.fulfill_order")

    def has_cancel_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may cancel ``obj``, or orders in general if ``obj`` is None."""
        return request.user.has_perm("stripe_cart.cancel_order")

    def has_settle_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may settle issues of ``obj``.

        If ``obj`` is None, return whether the user may settle issues of orders in general.
        """
        return request.user.has_perm("stripe_cart.settle_order")

    def has_sync_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may sync ``obj`` with Stripe, or any order if ``obj`` is None."""
        return request.user.has_perm("stripe_cart.sync_order")

    def has_email_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may resend e-mails about ``obj``.

        If ``obj`` is None, return whether the user may resend e-mails about orders in general.
        """
        return request.user.has_perm("stripe_cart.email_order")
