"""The page that asks before an action, and runs it once somebody says yes.

Verbs speak to Stripe outside of any transaction, so these views leave a host's ATOMIC_REQUESTS.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any
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
from django_stripe_cart.admin.orders.actions import ACTIONS, Action, Outcome
from django_stripe_cart.admin.orders.forms import ConfirmForm
from django_stripe_cart.gateway import patience
from django_stripe_cart.gateway.patience import time_left
from django_stripe_cart.models import Order, OrderEvent
from django_stripe_cart.money import format_money
from django_stripe_cart.refunds import amount_refundable
from django_stripe_cart.responses import SeeOther
from django_stripe_cart.timeline import Cause

AT_ONCE = 100  # orders: a page of the list, and what an address can hold
PKS = re.compile(rf"\d{{1,18}}(,\d{{1,18}}){{0,{AT_ONCE - 1}}}", re.ASCII)
TOLD = 10  # failures that are told one by one

# What one request to Stripe may take: with less time left, no other order is begun.
TIME_FOR_ONE = 12.5  # seconds

Run = Callable[[OrderAdminBase, HttpRequest, QuerySet[Order]], HttpResponse | None]


def action_urls(model_admin: OrderAdminBase) -> Iterable[URLPattern]:
    """Two addresses for each action: on one order, and on several."""
    for action in ACTIONS:
        view = model_admin.admin_site.admin_view(_make_view(model_admin, action))
        name = f"stripe_cart_order_{action.name}"
        yield path(f"{action.name}/", view, name=f"{name}_selected")
        yield path(f"<int:pk>/{action.name}/", view, name=name)


def list_actions() -> list[Run]:
    """The choices below the list of orders: each leads to the page of its action."""
    return [_make_list_action(action) for action in ACTIONS]


def _make_list_action(action: Action) -> Run:
    @admin.action(
        permissions=[action.name],
        description=action.label_for_many,  # type: ignore[arg-type]
    )
    def ask(
        model_admin: OrderAdminBase, request: HttpRequest, queryset: QuerySet[Order]
    ) -> HttpResponse | None:
        pks = list(queryset.values_list("pk", flat=True)[: AT_ONCE + 1])
        if len(pks) > AT_ONCE:
            text = _("Please choose at most %(count)d orders at once.") % {"count": AT_ONCE}
            model_admin.message_user(request, text, messages.ERROR)
            return None
        return SeeOther(model_admin.address(f"{action.name}_selected") + _ids(pks))

    ask.__name__ = f"{action.name}_selected"
    return ask


def _ids(pks: Iterable[int]) -> str:
    return "?" + urlencode({"ids": ",".join(map(str, pks))}, safe=",")


def _make_view(model_admin: OrderAdminBase, action: Action) -> Callable[..., HttpResponse]:
    @transaction.non_atomic_requests
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, pk: int | None = None) -> HttpResponse:
        orders = _choose(model_admin, action, request, pk)
        page = ActionPage(model_admin, action, request, orders, is_single=pk is not None)
        return page.submit() if request.method == "POST" else page.show()

    return view


def _choose(
    model_admin: OrderAdminBase, action: Action, request: HttpRequest, pk: int | None
) -> list[Order]:
    """Return the orders that the request names. Raises ``PermissionDenied`` or ``Http404``."""
    if not model_admin.may(action.name, request):
        raise PermissionDenied
    text = request.GET.get("ids", "") if pk is None else str(pk)
    if not PKS.fullmatch(text):
        raise Http404
    rows = model_admin.get_queryset(request).select_related("user")
    orders = list(rows.filter(pk__in=text.split(",")))
    if not orders:
        raise Http404
    if not all(model_admin.may(action.name, request, order) for order in orders):
        raise PermissionDenied
    return orders


class ActionPage:
    """One action about to be done to one order or several."""

    def __init__(
        self,
        model_admin: OrderAdminBase,
        action: Action,
        request: HttpRequest,
        orders: Sequence[Order],
        *,
        is_single: bool,
    ) -> None:
        self.model_admin = model_admin
        self.action = action
        self.request = request
        self.orders = orders
        self.is_single = is_single

    def show(self) -> HttpResponse:
        suiting = [order for order in self.orders if self.action.suits(order)]
        objections = {} if self.is_single else self._object(suiting)
        suiting = [order for order in suiting if order not in objections]
        if not suiting:
            text = _("“%(action)s” is not possible, as things stand.")
            self._say(messages.WARNING, text % {"action": self.action.label})
            for text in list(objections.values())[:TOLD]:
                self._say(messages.WARNING, text)
            return SeeOther(self._back)
        form = self.action.form_class(suiting)(orders=suiting)
        return self._render(form, suiting, objections.values())

    def submit(self) -> HttpResponse:
        # Whether it still suits is for the verb to say: a form that is sent twice is done once.
        form = self.action.form_class(self.orders)(self.request.POST, orders=self.orders)
        if not form.is_valid():
            return self._render(form, self.orders)
        outcomes = self._run(form)
        self._tell(outcomes)
        return SeeOther(self._back)

    def _run(self, form: ConfirmForm) -> list[Outcome]:
        by = Cause(OrderEvent.Source.STAFF, actor=self.request.user.get_username())
        outcomes: list[Outcome] = []
        with patience():
            for order in self.orders:
                if outcomes and time_left() < TIME_FOR_ONE:
                    text = self.action.say(order, _("Stripe takes too long; not tried."))
                    outcomes.append(Outcome(messages.WARNING, text))
                    continue
                outcomes.append(self.action.run(order, form, by=by))
        return outcomes

    def _tell(self, outcomes: Sequence[Outcome]) -> None:
        if len(outcomes) == 1:
            self._say(outcomes[0].level, outcomes[0].text)
            return
        done = sum(outcome.is_good for outcome in outcomes)
        words = {"action": self.action.label, "count": done}
        text = ngettext(
            "%(action)s: done for %(count)d order.", "%(action)s: done for %(count)d orders.", done
        )
        self._say(messages.SUCCESS if done else messages.WARNING, text % words)
        failures = [outcome for outcome in outcomes if not outcome.is_good]
        for failure in failures[:TOLD]:
            self._say(failure.level, failure.text)
        if failures[TOLD:]:
            more = len(failures) - TOLD
            text = ngettext("And %(count)d more.", "And %(count)d more.", more)
            self._say(messages.WARNING, text % {"count": more})

    def _object(self, orders: Sequence[Order]) -> dict[Order, str]:
        objections = {order: self.action.objection(order) for order in orders}
        return {order: self.action.say(order, text) for order, text in objections.items() if text}

    def _render(
        self, form: ConfirmForm, orders: Sequence[Order], objections: Iterable[str] = ()
    ) -> HttpResponse:
        one = orders[0] if len(orders) == 1 else None
        context: dict[str, Any] = {
            **self.model_admin.page_context(self.request, str(self.action.label)),
            "action": self.action,
            "explanation": self.action.explain(one) if one else self.action.explanation,
            "form": form,
            # Those that are shown, and no other that has begun to suit meanwhile.
            "address": "" if self.is_single else _ids(order.pk for order in orders),
            "orders": orders,
            "one": one,
            "left_out": len(self.orders) - len(orders),
            "objections": objections,
            "sums": _refundable(orders) if self.action.moves_money and not one else [],
            "back": self._back,
        }
        return TemplateResponse(self.request, "admin/stripe_cart/order/action.html", context)

    def _say(self, level: int, text: str) -> None:
        self.model_admin.message_user(self.request, text, level)

    @property
    def _back(self) -> str:
        if self.is_single:
            return self.model_admin.address("change", self.orders[0].pk)
        return self.model_admin.address("changelist")


def _refundable(orders: Sequence[Order]) -> list[str]:
    """What would go back in all, in each currency."""
    sums: Counter[str] = Counter()
    for order in orders:
        sums[order.currency] += amount_refundable(order)
    return [format_money(sums[currency], currency) for currency in sorted(sums)]
