"""What must not be installed beside us."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution

from django.core.checks import CheckMessage

from django_stripe_cart.checks.registry import checked, mistake

OTHER_STATE_MACHINE = mistake(
    "E009",
    "django-fsm is installed beside django-fsm-2, and both are imported as django_fsm.",
    hint="pip uninstall django-fsm, then pip install --force-reinstall django-fsm-2.",
)


@checked
def state_machine() -> Iterable[CheckMessage]:
    try:
        distribution("django-fsm")
    except PackageNotFoundError:
        return
    yield OTHER_STATE_MACHINE()
