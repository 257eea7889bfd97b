"""The simulated Stripe account: its objects, clock, events and scheduled tasks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from django_stripe_cart.sandbox import api_versions
from django_stripe_cart.sandbox.clock import Clock
from django_stripe_cart.sandbox.errors import resource_missing
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id
from django_stripe_cart.sandbox.store import Store, compares

DEFAULT_BASE_URL = "http://127.0.0.1:8001"

# The current API request, as events refer to it: {"id": "req_…", "idempotency_key": …}.
current_request: ContextVar[Object | None] = ContextVar("current_request", default=None)

Task = Callable[["Account", Object], Object]


class Account:
    """A simulated Stripe account. Its objects may be changed only inside `change()`."""

    def __init__(
        self,
        data: str | Path | None,
        base_url: str | None,
        *,
        name: str,
        tasks: Mapping[str, Task],
    ) -> None:
        self.id = "acct_1Sandbox00000000"
        self.name, self.tasks = name, tasks
        self.store = Store(data)
        self.clock = Clock()
        self.api_version = api_versions.NEWEST
        self.base_url = (base_url or DEFAULT_BASE_URL).rstrip("/")

    def set_base_url(self, base_url: str) -> None:
        """Set the address of the sandbox's pages, and update the URLs of open sessions."""
        self.base_url = base_url.rstrip("/")
        with self.store.transaction():
            for session in self.store.find("checkout.session", status="open"):
                _, _, page = session["url"].partition("/c/pay/")
                self.save({**session, "url": f"{self.base_url}/c/pay/{page}"})

    @contextmanager
    def change(self) -> Iterator[None]:
        """Open a transaction, run the tasks that are due, and then run the `with` block."""
        with self.store.transaction():
            while due := self.store.find("task", compares("due_at", "lte", self.clock.now())):
                task = min(due, key=lambda one: int(one["due_at"]))
                self.store.delete(task["id"])
                obj = self.store.get(task["object_id"])
                if obj is not None:
                    self.tasks[task["task"]](self, obj)
            yield

    def run_due_tasks(self) -> None:
        """Run the scheduled tasks that are due."""
        with self.change():
            pass

    def get(self, kind: str, id: str, *, param: str = "id", status: int = 404) -> Object:
        """Return the object of this kind and id.

        If the object does not exist, raise `ApiError`. `status` is the HTTP status of the error,
        and `param` is the parameter that the error names.
        """
        found = self.store.get(id)
        if found is None or found.get("object") != kind:
            raise resource_missing(kind, id, param=param, status=status)
        return found

    def save(self, obj: Object) -> Object:
        """Store a new or changed object, and return it."""
        return self.store.put(obj)

    def schedule(self, seconds: int, task: str, object_id: str) -> None:
        """Schedule a task for an object. The task runs after `seconds` of the sandbox's time."""
        due_at = self.clock.now() + seconds
        body = {"id": new_id("task"), "due_at": due_at, "task": task, "object_id": object_id}
        self.store.put(body, kind="task")

    def emit(self, type: str, obj: Object, **previous: object) -> Object:
        """Create an event about an object, schedule the event's webhooks, and return the event.

        `previous` contains the old value of each changed field of the object.
        """
        data: Object = {"object": remove_internal_data(obj)}
        if previous:
            data["previous_attributes"] = previous
        endpoints = self.endpoints_for(type)
        event: Object = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": self.api_version,
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
        """Return the enabled webhook endpoints that subscribe to this event type."""
        return [
            endpoint
            for endpoint in self.store.find("webhook_endpoint", status="enabled")
            if type in endpoint["enabled_events"] or "*" in endpoint["enabled_events"]
        ]

    def schedule_delivery(self, event: Object, endpoint: Object) -> Object:
        """Schedule the sending of an event to an endpoint, and return the delivery.

        The delivery is due now.
        """
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


def remove_internal_data(obj: Object) -> Object:
    """Return a copy of an object without the key `_`, which holds the sandbox's internal data."""
    return {key: value for key, value in obj.items() if key != "_"}
