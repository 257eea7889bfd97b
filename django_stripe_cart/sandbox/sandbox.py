"""`Sandbox`: a stand-in for Stripe, with its API, payment page, dashboard and webhooks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from django_stripe_cart.sandbox import api_versions, signature
from django_stripe_cart.sandbox.account import Account, remove_internal_data
from django_stripe_cart.sandbox.api_handler import ApiHandler
from django_stripe_cart.sandbox.control_api import PREFIX, ControlApi
from django_stripe_cart.sandbox.faults import Faults
from django_stripe_cart.sandbox.http import Object, Request, Response
from django_stripe_cart.sandbox.objects.webhook_endpoint import add_secret, build_webhook_endpoint
from django_stripe_cart.sandbox.pages.routes import PageHandler
from django_stripe_cart.sandbox.scheduled_tasks import TASKS
from django_stripe_cart.sandbox.server import SandboxServer
from django_stripe_cart.sandbox.simulated_actions import SimulatedActions
from django_stripe_cart.sandbox.webhooks.queue import DeliveryQueue
from django_stripe_cart.sandbox.webhooks.sender import Deliver, active_secrets

if TYPE_CHECKING:
    import stripe

API = ("/v1/", "/v2/")


class Sandbox(SimulatedActions):
    """A stand-in for Stripe: one account, with its API, its payment page and its webhooks.

    `data` is the path of an SQLite file. Without `data`, everything is kept in memory. `base_url`
    is the address of the payment page. By default, `serve` sets this address. `name` is the
    merchant's name on the payment page. By default, the name is the host of the success URL.
    """

    def __init__(
        self, data: str | Path | None = None, base_url: str | None = None, name: str = ""
    ) -> None:
        self._account = Account(data, base_url, name=name, tasks=TASKS)
        self.faults = Faults()
        self._queue = DeliveryQueue(self._account, self.faults)
        self.clock = self._account.clock
        self.clock.on_change(self._run_due_tasks)
        self._has_base_url = base_url is not None
        self._api = ApiHandler(self._account, self.faults)
        self._pages = PageHandler(self._account, self)
        self._control_api = ControlApi(self)

    def handle(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
    ) -> Response:
        """Return the response to one HTTP request for the API or for a page.

        Raise `ConnectionLost` if a fault breaks the connection.
        """
        request = Request.read(method, target, headers or {}, body)
        try:
            if request.path.startswith(API):
                return self._api.handle(request)
            if not self._pages.is_allowed(request):
                return self._pages.render_forbidden()
            if request.path.startswith(PREFIX):
                return self._control_api.handle(request)
            return self._pages.handle(request)
        finally:
            self._queue.deliver_or_notify()

    def http_client(self) -> "stripe.HTTPClient":
        """Return an HTTP client for Stripe's SDK. The client calls this sandbox without a socket.

        Use it as `StripeClient(key, http_client=…)`.
        """
        # Imported lazily: the sandbox also works without the SDK.
        from django_stripe_cart.sandbox.http_client import SandboxClient

        return SandboxClient(self.handle)

    def serve(self, port: int = 0, host: str = "127.0.0.1") -> SandboxServer:
        """Start an HTTP server on this machine, and send webhooks over HTTP.

        Port 0 selects any free port.
        """
        server = SandboxServer(self.handle, host=host, port=port)
        if not self._has_base_url:
            self.base_url = server.url
        self._queue.start()
        server.on_close(self._queue.stop)
        return server

    @property
    def base_url(self) -> str:
        """Return the address of the sandbox's own pages."""
        return self._account.base_url

    @base_url.setter
    def base_url(self, value: str) -> None:
        self._account.set_base_url(value)

    @property
    def api_version(self) -> str:
        """Return the account's API version, by default the newest version.

        This version applies to calls that do not specify a version.
        """
        return self._account.api_version

    @api_version.setter
    def api_version(self, value: str) -> None:
        self._account.api_version = api_versions.check_version(value)

    @property
    def sessions(self) -> list[Object]:
        """Return the Checkout Sessions, oldest first."""
        return self._find_all("checkout.session")

    @property
    def payment_intents(self) -> list[Object]:
        """Return the payment intents, oldest first."""
        return self._find_all("payment_intent")

    @property
    def charges(self) -> list[Object]:
        """Return the charges, including failed ones, oldest first."""
        return self._find_all("charge")

    @property
    def refunds(self) -> list[Object]:
        """Return the refunds, oldest first."""
        return self._find_all("refund")

    @property
    def disputes(self) -> list[Object]:
        """Return the disputes, oldest first."""
        return self._find_all("dispute")

    @property
    def reviews(self) -> list[Object]:
        """Return the reviews, open and closed, oldest first."""
        return self._find_all("review")

    @property
    def early_fraud_warnings(self) -> list[Object]:
        """Return the early fraud warnings, oldest first."""
        return self._find_all("radar.early_fraud_warning")

    @property
    def events(self) -> list[Object]:
        """Return all events, including those older than 30 days, oldest first."""
        return self._find_all("event")

    @property
    def requests(self) -> list[Object]:
        """Return the log of the latest 10,000 API calls, oldest first."""
        return list(self._api.log)

    def add_webhook_endpoint(
        self,
        url: str,
        secret: str | Sequence[str] | None = None,
        enabled_events: Sequence[str] = ("*",),
    ) -> Object:
        """Subscribe a URL to events, and return the webhook endpoint with its `secret`.

        If you pass several secrets, each webhook has one signature for each secret. If the URL
        already has an endpoint, the new events replace the old events. The old secrets are kept if
        you pass no secret.
        """
        secrets = [secret] if isinstance(secret, str) else list(secret or ())
        with self._account.change():
            endpoint = build_webhook_endpoint(
                url, enabled_events, secrets=secrets, created=self.clock.now()
            )
            for known in self._account.store.find("webhook_endpoint", url=url):
                endpoint["id"] = known["id"]
                endpoint["_"] = endpoint["_"] if secrets else known["_"]
            self._account.save(endpoint)
        return {**remove_internal_data(endpoint), "secret": endpoint["_"]["secrets"][0]["secret"]}

    def roll_secret(self, endpoint: str, hours: int = 24) -> str:
        """Add a new secret to the endpoint with this id, and return the secret.

        The old secret expires after this number of `hours`.
        """
        with self._account.change():
            found = self._account.get("webhook_endpoint", endpoint)
            secret = add_secret(found, until=self.clock.now() + hours * 60 * 60)
            self._account.save(found)
        return secret

    def sign_for_endpoint(self, endpoint: str, body: str) -> str:
        """Return the header `Stripe-Signature` of a webhook that sends this body to an endpoint.

        `endpoint` is the id of the endpoint.
        """
        found = self._account.get("webhook_endpoint", endpoint)
        secrets = active_secrets(found, self.clock.now())
        return signature.sign(body.encode(), secrets, timestamp=self.clock.wall())

    def deliver_with(self, deliver: Deliver | None) -> None:
        """Send webhooks by calling `deliver(url, body, headers)`.

        `deliver` must return the HTTP status. If `deliver` is None, webhooks stay pending.
        """
        self._queue.deliver_with(deliver)

    def deliver(self) -> list[Object]:
        """Send every webhook that is due now, and return the deliveries."""
        self._account.run_due_tasks()
        return self._queue.deliver_due()

    @property
    def pending_deliveries(self) -> list[Object]:
        """Return the webhook deliveries that will be sent or retried, oldest first."""
        return self._queue.pending

    @property
    def hold_deliveries(self) -> bool:
        """Return whether webhooks wait until `deliver()` is called."""
        return self._queue.is_held

    @hold_deliveries.setter
    def hold_deliveries(self, value: bool) -> None:
        self._queue.is_held = value

    def sign(self, body: bytes, secret: str, timestamp: int | None = None) -> str:
        """Sign the body of a webhook with `secret`, and return the header `Stripe-Signature`.

        `timestamp` is the time of signing in Unix seconds. The default is the real time.
        """
        moment = self.clock.wall() if timestamp is None else timestamp
        return signature.sign(body, secret, timestamp=moment)

    def reset(self) -> None:
        """Delete all objects, events, endpoints, faults and logged calls, and reset the clock."""
        self._account.store.clear()
        self._api.log.clear()
        self.faults.clear()
        self.clock.reset()

    def close(self) -> None:
        """Close the database. If the sandbox has no `data` file, everything is lost."""
        self._account.store.close()

    def _run_due_tasks(self) -> None:
        """Run the scheduled tasks that are due, and deliver their webhooks."""
        self._account.run_due_tasks()
        self._queue.deliver_or_notify()

    def _find_all(self, kind: str) -> list[Object]:
        """Run the tasks that are due. Return all objects of a kind, without internal data."""
        self._run_due_tasks()
        return [remove_internal_data(obj) for obj in self._account.store.find(kind)]
