"""django-fsm's ``transition``, with the types that it erases brought back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar, cast

import django_fsm
from django_fsm import FSMField

P = ParamSpec("P")
R = TypeVar("R")


def transition(
    field: FSMField, *, source: Sequence[str], target: str
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def typed(method: Callable[P, R]) -> Callable[P, R]:
        move = django_fsm.transition(field=field, source=list(source), target=target)
        return cast("Callable[P, R]", move(method))

    return typed
