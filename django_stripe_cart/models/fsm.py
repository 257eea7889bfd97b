"""Additions to django-fsm: a typed ``transition()``, and refreshing a protected status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ParamSpec, TypeVar, cast

import django_fsm
from django.db import models
from django_fsm import ConcurrentTransitionMixin, FSMField

P = ParamSpec("P")
R = TypeVar("R")


def transition(
    field: FSMField, *, source: Sequence[str], target: str
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return django-fsm's ``transition()``, which keeps the types of the decorated method."""

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        decorator = django_fsm.transition(field=field, source=list(source), target=target)
        return cast("Callable[P, R]", decorator(method))

    return decorate


class ProtectedStatusMixin(ConcurrentTransitionMixin):
    """A thread-safe ``refresh_from_db()`` for a model whose protected FSM field is ``status``.

    Django sets each field when it refreshes, which a protected field refuses
    (github.com/viewflow/django-fsm/issues/174). django-fsm's own mixin therefore clears
    ``protected`` on the field, which all threads share, and leaves it cleared after an error.

    Here the stored status is removed from the instance first: a protected field can be set once.
    ``_update_initial_state()`` is private to django-fsm: it sets the status that ``save()`` expects
    to find in the database.
    """

    def get_deferred_fields(self) -> set[str]:
        # refresh_from_db() removes the status for a moment; it is not deferred then.
        return super().get_deferred_fields() - {"status"}

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Any] | None = None,
    ) -> None:
        names = None if fields is None else {*fields}
        before = self.__dict__.copy()
        self.__dict__.pop("status", None)
        try:
            # Always with the status: django-fsm would read a missing one by another query.
            read = None if names is None else {*names, "status"}
            models.Model.refresh_from_db(self, using, read, from_queryset)
        except BaseException:
            self.__dict__.update(before)
            raise
        if names is None or "status" in names or "status" not in before:
            self._update_initial_state()
        else:
            self.__dict__["status"] = before["status"]
