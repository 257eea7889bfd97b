"""The URLs of actions' confirmation pages, and the admin actions that redirect to these pages.

Requests to Stripe are sent outside of transactions, so the views are exempt from ATOMIC_REQUESTS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from django_stripe_cart.admin.actions.action import Action
from django_stripe_cart.admin.actions.page import ActionPage, ids_query
from django_stripe_cart.admin.base import ActionAdmin
from django_stripe_cart.web.decorators import non_atomic
from django_stripe_cart.web.responses import SeeOther

MAX_ROWS = 100  # at a time: one page of the list, and their keys fit into a URL
PKS = re.compile(rf"\d{{1,18}}(,\d{{1,18}}){{0,{MAX_ROWS - 1}}}", re.ASCII)
ListAction = Callable[[ActionAdmin, HttpRequest, QuerySet[Any]], HttpResponse | None]


def action_urls(
    model_admin: ActionAdmin, actions: Iterable[Action], page_class: type[ActionPage]
) -> Iterable[URLPattern]:
    """Yield two URL patterns for each action: one for a single row, and one for selected rows."""
    for action in actions:
        view = model_admin.admin_site.admin_view(_make_view(model_admin, action, page_class))
        name = f"stripe_cart_{model_admin.opts.model_name}_{action.name}"
        yield path(f"{action.name}/", view, name=f"{name}_selected")
        yield path(f"<int:pk>/{action.name}/", view, name=name)


def list_actions(actions: Iterable[Action]) -> list[ListAction]:
    """Return the admin actions for a list of rows. Each redirects to its confirmation page."""
    return [_make_list_action(action) for action in actions]


def _make_list_action(action: Action) -> ListAction:
    """Return the admin action that redirects to the confirmation page of ``action``."""

    @admin.action(
        permissions=[action.name],
        description=action.label_for_many,  # type: ignore[arg-type]
    )
    def redirect_to_confirmation(
        model_admin: ActionAdmin, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        pks = list(queryset.values_list("pk", flat=True)[: MAX_ROWS + 1])
        if len(pks) > MAX_ROWS:
            text = _("Please choose at most %(count)d at once.") % {"count": MAX_ROWS}
            model_admin.message_user(request, text, messages.ERROR)
            return None
        return SeeOther(model_admin.page_url(f"{action.name}_selected") + ids_query(pks))

    redirect_to_confirmation.__name__ = f"{action.name}_selected"
    return redirect_to_confirmation


def _make_view(
    model_admin: ActionAdmin, action: Action, page_class: type[ActionPage]
) -> Callable[..., HttpResponse]:
    """Return the view of the confirmation page of ``action``."""

    @non_atomic
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, pk: int | None = None) -> HttpResponse:
        rows = _get_rows(model_admin, action, request, pk)
        page = page_class(model_admin, action, request, rows, is_single=pk is not None)
        return page.submit() if request.method == "POST" else page.show()

    return view


def _get_rows(
    model_admin: ActionAdmin, action: Action, request: HttpRequest, pk: int | None
) -> list[Any]:
    """Return the rows named in the request. Raises ``PermissionDenied`` or ``Http404``."""
    if not model_admin.has_action_permission(action.name, request):
        raise PermissionDenied
    text = request.GET.get("ids", "") if pk is None else str(pk)
    if not PKS.fullmatch(text):
        raise Http404
    rows = list(model_admin.get_queryset(request).filter(pk__in=text.split(",")))
    if not rows:
        raise Http404
    if not all(model_admin.has_action_permission(action.name, request, row) for row in rows):
        raise PermissionDenied
    return rows
