"""What another process does at a given moment of ours, played in the same process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.db.models import Model
from django.db.models.signals import post_init

from django_stripe_cart.gateway.client import transport
from django_stripe_cart.sandbox import Sandbox

Act = Callable[[], object]


class BeforeRequest(Protocol):
    def __call__(self, call: str, act: Act, *, times: int = 1) -> None: ...


@contextmanager
def acting_before_requests(sandbox: Sandbox) -> Iterator[BeforeRequest]:
    """Send requests to ``sandbox``, and yield a function that plans what happens before them."""
    client = sandbox.http_client()
    send, planned = client.request, list[tuple[str, Act]]()

    def before_request(call: str, act: Act, *, times: int = 1) -> None:
        planned.extend([(call, act)] * times)

    def request(method: str, url: str, *rest: Any, **options: Any) -> Any:
        path = f"{method.upper()} {urlsplit(url).path}"
        plan = next((plan for plan in planned if fnmatchcase(path, plan[0])), None)
        if plan is not None:
            planned.remove(plan)
            plan[1]()
        return send(method, url, *rest, **options)

    client.request = request
    with transport(client):
        yield before_request
    assert not planned, f"These requests were not made: {[call for call, _act in planned]}"


@contextmanager
def acting_after_read(model: type[Model], act: Act) -> Iterator[None]:
    """Call ``act`` once, as soon as a row of ``model`` has been read."""

    def receive(**kwargs: Any) -> None:
        post_init.disconnect(receive, sender=model)
        done.append(act)
        act()

    done: list[Act] = []
    post_init.connect(receive, sender=model)
    try:
        yield
    finally:
        post_init.disconnect(receive, sender=model)
    assert done, f"No {model.__name__} was read."
