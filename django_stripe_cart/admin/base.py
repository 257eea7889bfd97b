"""Base classes of the shop's admin: read-only pages, and the pages about orders."""

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
        """Return the row with this key, if the request only reads and the user may view the row.

        Raises ``PermissionDenied`` otherwise, or ``Http404`` if there is no such row.
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
    """A read-only admin with actions that each need a permission, ``stripe_cart.ACTION_MODEL``.

    To remove an action, or to allow it for some rows only, override ``has_ACTION_permission``.
    """

    def has_action_permission(self, action: str, request: HttpRequest, row: Any = None) -> bool:
        """Return whether the user may view the row and run ``action`` on it."""
        is_permitted = getattr(self, f"has_{action}_permission")
        return self.has_view_permission(request, row) and is_permitted(request, row)

    def page_url(self, name: str, *args: Any) -> str:
        """Return the URL of the page ``name`` in this admin site, such as ``changelist``."""
        view = f"admin:stripe_cart_{self.opts.model_name}_{name}"
        return reverse(view, args=args, current_app=self.admin_site.name)

    def page_context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        """Return the template context that all of these pages need."""
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": title,
        }


class OrderAdminBase(ActionAdmin):
    """The permissions of the actions on orders."""

    def has_refund_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may refund orders, or this order if it is given."""
        return request.user.has_perm("stripe_cart.refund_order")

    def has_fulfill_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may complete orders, or this order if it is given."""
        return request.user.has_perm("stripe_cart.fulfill_order")

    def has_cancel_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may cancel orders, or this order if it is given."""
        return request.user.has_perm("stripe_cart.cancel_order")

    def has_settle_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may settle issues of orders, or of this order if it is given."""
        return request.user.has_perm("stripe_cart.settle_order")

    def has_sync_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may sync orders with Stripe, or this order if given."""
        return request.user.has_perm("stripe_cart.sync_order")

    def has_email_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return whether the user may resend e-mails about orders, or this order if given."""
        return request.user.has_perm("stripe_cart.email_order")
