"""Additions to django-fsm: a typed ``transition()``, and a refresh of a protected status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

import django_fsm
from django.db import models
from django_fsm import ConcurrentTransitionMixin, FSMField

M = TypeVar("M", bound=Callable[..., None])


def transition(field: FSMField, *, source: Sequence[str], target: str) -> Callable[[M], M]:
    """Decorate a method as django-fsm's ``transition()`` does, and keep the method's types."""
    decorator = django_fsm.transition(field=field, source=list(source), target=target)
    return cast("Callable[[M], M]", decorator)


class ProtectedStatusMixin(ConcurrentTransitionMixin):
    """Mixin with a thread-safe ``refresh_from_db()`` for models with a protected ``status``.

    A refresh sets each field, but a protected field can be set only once
    (github.com/viewflow/django-fsm/issues/174). django-fsm's own mixin therefore removes the
    protection from the field during a refresh. But all threads share the field, and after a failed
    refresh the field stays unprotected.

    This mixin removes the status from the instance instead, so that the status can be set again.
    Then it calls ``_update_initial_state()``, a private method of django-fsm. That method remembers
    the new status, and ``save()`` checks that the status in the database is still the same.
    """

    def get_deferred_fields(self) -> set[str]:
        # refresh_from_db() removes the status for a moment, but the status is not deferred then.
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
            # The status is always read: django-fsm would read a missing one by another query.
            read = None if names is None else {*names, "status"}
            models.Model.refresh_from_db(self, using, read, from_queryset)
        except BaseException:
            self.__dict__.update(before)
            raise
        if names is None or "status" in names or "status" not in before:
            self._update_initial_state()
        else:
            self.__dict__["status"] = before["status"]
