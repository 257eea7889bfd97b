"""The confirmation pages of the actions on orders, and the admin actions that lead to them.

Requests to Stripe are sent outside of transactions, so the views are exempt from ATOMIC_REQUESTS.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from django_stripe_cart.admin.base import OrderAdminBase
from django_stripe_cart.admin.orders.action import Action, Outcome
from django_stripe_cart.admin.orders.actions import ACTIONS
from django_stripe_cart.admin.orders.forms import ConfirmForm
from django_stripe_cart.deadlines import deadline, seconds_left
from django_stripe_cart.models import Order, OrderEvent
from django_stripe_cart.money import format_money
from django_stripe_cart.refunds import amount_refundable
from django_stripe_cart.timeline import Cause
from django_stripe_cart.web.responses import SeeOther

MAX_ORDERS = 100  # at a time: one page of the list, and their keys fit into a URL
PKS = re.compile(rf"\d{{1,18}}(,\d{{1,18}}){{0,{MAX_ORDERS - 1}}}", re.ASCII)
MAX_FAILURES_SHOWN = 10  # with a message of their own

# One request to Stripe may take this long. With less time left, no further order is started.
SECONDS_PER_ORDER = 12.5  # seconds

ListAction = Callable[[OrderAdminBase, HttpRequest, QuerySet[Order]], HttpResponse | None]


def action_urls(model_admin: OrderAdminBase) -> Iterable[URLPattern]:
    """Yield two URL patterns for each action: for one order, and for selected orders."""
    for action in ACTIONS:
        view = model_admin.admin_site.admin_view(_make_view(model_admin, action))
        name = f"stripe_cart_order_{action.name}"
        yield path(f"{action.name}/", view, name=f"{name}_selected")
        yield path(f"<int:pk>/{action.name}/", view, name=name)


def list_actions() -> list[ListAction]:
    """Return the admin actions of the list of orders. Each redirects to its confirmation page."""
    return [_make_list_action(action) for action in ACTIONS]


def _make_list_action(action: Action) -> ListAction:
    """Return the admin action that redirects to the confirmation page of ``action``."""

    @admin.action(
        permissions=[action.name],
        description=action.label_for_many,  # type: ignore[arg-type]
    )
    def redirect_to_confirmation(
        model_admin: OrderAdminBase, request: HttpRequest, queryset: QuerySet[Order]
    ) -> HttpResponse | None:
        pks = list(queryset.values_list("pk", flat=True)[: MAX_ORDERS + 1])
        if len(pks) > MAX_ORDERS:
            text = _("Please choose at most %(count)d orders at once.") % {"count": MAX_ORDERS}
            model_admin.message_user(request, text, messages.ERROR)
            return None
        return SeeOther(model_admin.page_url(f"{action.name}_selected") + _ids_query(pks))

    redirect_to_confirmation.__name__ = f"{action.name}_selected"
    return redirect_to_confirmation


def _ids_query(pks: Iterable[int]) -> str:
    """Return the query string that names the orders with these primary keys."""
    return "?" + urlencode({"ids": ",".join(map(str, pks))}, safe=",")


def _make_view(model_admin: OrderAdminBase, action: Action) -> Callable[..., HttpResponse]:
    """Return the view of the confirmation page of ``action``."""

    @transaction.non_atomic_requests
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, pk: int | None = None) -> HttpResponse:
        orders = _get_orders(model_admin, action, request, pk)
        page = ActionPage(model_admin, action, request, orders, is_single=pk is not None)
        return page.submit() if request.method == "POST" else page.show()

    return view


def _get_orders(
    model_admin: OrderAdminBase, action: Action, request: HttpRequest, pk: int | None
) -> list[Order]:
    """Return the orders named in the request. Raises ``PermissionDenied`` or ``Http404``."""
    if not model_admin.has_action_permission(action.name, request):
        raise PermissionDenied
    text = request.GET.get("ids", "") if pk is None else str(pk)
    if not PKS.fullmatch(text):
        raise Http404
    rows = model_admin.get_queryset(request).select_related("user")
    orders = list(rows.filter(pk__in=text.split(",")))
    if not orders:
        raise Http404
    if not all(model_admin.has_action_permission(action.name, request, order) for order in orders):
        raise PermissionDenied
    return orders


@dataclass(frozen=True)
class ActionPage:
    """The confirmation page of an action. ``is_single`` says that its URL names one order."""

    model_admin: OrderAdminBase
    action: Action
    request: HttpRequest
    orders: Sequence[Order]
    is_single: bool

    def show(self) -> HttpResponse:
        """Show the form for the orders on which the action is possible.

        If it is not possible on any, redirect back.
        """
        available = [order for order in self.orders if self.action.is_available(order)]
        reasons = self._find_reasons_to_skip(available)
        available = [order for order in available if order not in reasons]
        if not available:
            return self._turn_away(reasons.values())
        form = self.action.make_form(available, query=self.request.GET)
        if form.is_pointless:
            return self._turn_away()
        return self._render(form, available, reasons.values())

    def _turn_away(self, reasons: Iterable[str] = ()) -> HttpResponse:
        """Redirect back, with messages that say why the action is not possible."""
        text = _("“%(action)s” is not possible at the moment.")
        self._message(messages.WARNING, text % {"action": self.action.label})
        for text in list(reasons)[:MAX_FAILURES_SHOWN]:
            self._message(messages.WARNING, text)
        return SeeOther(self._back_url)

    def submit(self) -> HttpResponse:
        """Perform the action on each order and redirect back, or show an invalid form again."""
        # Not filtered again: ``perform`` checks under the lock, and a repeated form is done once.
        form = self.action.make_form(self.orders, query=self.request.GET, data=self.request.POST)
        if not form.is_valid():
            return self._render(form, self.orders)
        self._report(self._run(form))
        return SeeOther(self._back_url)

    def _run(self, form: ConfirmForm) -> list[Outcome]:
        """Perform the action on the orders until the time is up, and return the outcomes."""
        by = Cause(OrderEvent.Source.STAFF, actor=self.request.user.get_username())
        outcomes: list[Outcome] = []
        with deadline():
            for order in self.orders:
                if outcomes and seconds_left() < SECONDS_PER_ORDER:
                    text = _("Stripe is responding too slowly, so this was not attempted.")
                    outcome = Outcome(messages.WARNING, text)
                else:
                    outcome = self.action.run(order, form, by=by)
                outcomes.append(replace(outcome, text=_prefix_number(order, outcome.text)))
        return outcomes

    def _report(self, outcomes: Sequence[Outcome]) -> None:
        """Tell the user in messages how many actions succeeded, and the first failures."""
        if len(outcomes) == 1:
            self._message(outcomes[0].level, outcomes[0].text)
            return
        done = sum(outcome.is_good for outcome in outcomes)
        params = {"action": self.action.label, "count": done}
        text = ngettext(
            "%(action)s: done for %(count)d order.", "%(action)s: done for %(count)d orders.", done
        )
        self._message(messages.SUCCESS if done else messages.WARNING, text % params)
        failures = [outcome for outcome in outcomes if not outcome.is_good]
        for failure in failures[:MAX_FAILURES_SHOWN]:
            self._message(failure.level, failure.text)
        if failures[MAX_FAILURES_SHOWN:]:
            more = len(failures) - MAX_FAILURES_SHOWN
            text = ngettext("And %(count)d more.", "And %(count)d more.", more)
            self._message(messages.WARNING, text % {"count": more})

    def _find_reasons_to_skip(self, orders: Sequence[Order]) -> dict[Order, str]:
        """Return the reasons why the action is not possible on some of the orders, by order.

        If the page is for selected orders, the reasons to leave an order out of a batch are
        included.
        """
        find = self.action.obstacle if self.is_single else self.action.reason_to_skip
        reasons = {order: find(order) for order in orders}
        return {order: _prefix_number(order, text) for order, text in reasons.items() if text}

    def _render(
        self, form: ConfirmForm, orders: Sequence[Order], reasons: Iterable[str] = ()
    ) -> HttpResponse:
        """Render the page with the form for ``orders``. ``reasons`` say why others are left out."""
        single = orders[0] if len(orders) == 1 else None
        context = {
            **self.model_admin.page_context(self.request, str(self.action.label)),
            "action": self.action,
            "explanation": self.action.explain(single) if single else self.action.explanation,
            "form": form,
            # Only the orders shown, not others for which the action has become available since.
            "address": "" if self.is_single else _ids_query(order.pk for order in orders),
            "orders": orders,
            "one": single,
            "left_out": len(self.orders) - len(orders),
            "objections": reasons,
            "sums": _sum_refundable(orders) if self.action.moves_money and not single else [],
            "back": self._back_url,
        }
        return TemplateResponse(self.request, "admin/stripe_cart/order/action.html", context)

    def _message(self, level: int, text: str) -> None:
        """Add a message for the user."""
        self.model_admin.message_user(self.request, text, level)

    @property
    def _back_url(self) -> str:
        """Return the URL to redirect to: the order's page, or the list for several orders."""
        if self.is_single:
            return self.model_admin.page_url("change", self.orders[0].pk)
        return self.model_admin.page_url("changelist")


def _prefix_number(order: Order, text: str) -> str:
    """Return ``text`` preceded by the order's number."""
    return _("Order %(number)s: %(text)s") % {"number": order.number, "text": text}


def _sum_refundable(orders: Sequence[Order]) -> list[str]:
    """Return the sums that can still be refunded of the orders, as texts, one for each currency."""
    sums: Counter[str] = Counter()
    for order in orders:
        sums[order.currency] += amount_refundable(order)
    return [format_money(sums[currency], currency) for currency in sorted(sums)]
