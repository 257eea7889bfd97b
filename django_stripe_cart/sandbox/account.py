"""The account at Stripe that the sandbox plays: its objects, its clock and what happens to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from django_stripe_cart.sandbox import versions
from django_stripe_cart.sandbox.clock import Clock
from django_stripe_cart.sandbox.errors import resource_missing
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id
from django_stripe_cart.sandbox.store import Store, compares

DEFAULT_BASE_URL = "http://127.0.0.1:8001"

# The call under way, as events name it: {"id": "req_…", "idempotency_key": …}.
current_request: ContextVar[Object | None] = ContextVar("current_request", default=None)

Chore = Callable[["Account", Object], Object]


class Account:
    """Objects are read and kept here; every change runs inside `change()`."""

    def __init__(self, data: str | Path | None = None, base_url: str | None = None) -> None:
        self.id = "acct_1Sandbox00000000"
        self.name = ""
        self.store = Store(data)
        self.clock = Clock()
        self.base_url = (base_url or DEFAULT_BASE_URL).rstrip("/")
        self.chores: dict[str, Chore] = {}

    def move_to(self, base_url: str) -> None:
        """Have the hosted pages at another address, those of open sessions too."""
        self.base_url = base_url.rstrip("/")
        with self.store.transaction():
            for session in self.store.find("checkout.session", status="open"):
                _, _, page = session["url"].partition("/c/pay/")
                self.save({**session, "url": f"{self.base_url}/c/pay/{page}"})

    @contextmanager
    def change(self) -> Iterator[None]:
        """Change objects, all or nothing, after whatever fell due since the last change."""
        with self.store.transaction():
            self._do_chores()
            yield

    def catch_up(self) -> None:
        """Do what fell due, though nobody called."""
        with self.change():
            pass

    def get(self, noun: str, id: str, *, param: str = "id", status: int = 404) -> Object:
        """Return an object of that kind, or refuse as Stripe does."""
        found = self.store.get(id)
        if found is None or found.get("object") != noun:
            raise resource_missing(noun, id, param=param, status=status)
        return found

    def save(self, obj: Object) -> Object:
        """Keep an object as it is now."""
        return self.store.put(obj)

    def later(self, seconds: int, chore: str, object_id: str) -> None:
        """Have a chore done to an object when the clock has moved that far."""
        due_at = self.clock.now() + seconds
        body = {"id": new_id("chore"), "due_at": due_at, "chore": chore, "object_id": object_id}
        self.store.put(body, kind="chore")

    def emit(self, type: str, obj: Object, **previous: object) -> Object:
        """Record that something happened, with the object as it now is."""
        data: Object = {"object": public(obj)}
        if previous:
            data["previous_attributes"] = previous
        endpoints = self.endpoints_for(type)
        event: Object = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": versions.DEFAULT,
            "created": self.clock.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": len(endpoints),
            "request": current_request.get() or {"id": None, "idempotency_key": None},
            "type": type,
        }
        self.store.put(event)
        for endpoint in endpoints:
            self.schedule_delivery(event, endpoint)
        return event

    def endpoints_for(self, type: str) -> list[Object]:
        """Return the webhook endpoints that asked for this type of event."""
        return [
            endpoint
            for endpoint in self.store.find("webhook_endpoint", status="enabled")
            if type in endpoint["enabled_events"] or "*" in endpoint["enabled_events"]
        ]

    def schedule_delivery(self, event: Object, endpoint: Object) -> Object:
        """Have an event delivered to an endpoint as soon as may be."""
        delivery: Object = {
            "id": new_id("whd"),
            "event": event["id"],
            "type": event["type"],
            "object": event["data"]["object"]["id"],
            "endpoint": endpoint["id"],
            "url": endpoint["url"],
            "attempts": 0,
            "status": "pending",
            "answer": None,
            "due_at": self.clock.now(),
        }
        return self.store.put(delivery, kind="delivery")

    def _do_chores(self) -> None:
        """Do what fell due since the last change, the earliest first."""
        while due := self.store.find("chore", compares("due_at", "lte", self.clock.now())):
            chore = min(due, key=lambda one: int(one["due_at"]))
            self.store.delete(chore["id"])
            obj = self.store.get(chore["object_id"])
            if obj is not None:
                self.chores[chore["chore"]](self, obj)


def public(obj: Object) -> Object:
    """Return an object without the sandbox's own notes about it, which are under `_`."""
    return {key: value for key, value in obj.items() if key != "_"}
