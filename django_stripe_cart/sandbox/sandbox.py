"""Stripe in a box: the one object that hosts and tests hold."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django_stripe_cart.sandbox import signature
from django_stripe_cart.sandbox.account import public
from django_stripe_cart.sandbox.actions import SandboxActions
from django_stripe_cart.sandbox.api_handler import Gate
from django_stripe_cart.sandbox.control_api import PREFIX, ControlApi
from django_stripe_cart.sandbox.hosted.routes import Site
from django_stripe_cart.sandbox.http import Object, Request, Response
from django_stripe_cart.sandbox.objects.webhook_endpoint import build_webhook_endpoint, roll
from django_stripe_cart.sandbox.queries import SandboxQueries
from django_stripe_cart.sandbox.server import SandboxServer
from django_stripe_cart.sandbox.webhooks.delivery import Deliver

if TYPE_CHECKING:
    import stripe

API = ("/v1/", "/v2/")
# The methods and properties that the control API offers by the same names.
ACTIONS = (
    "add_coupon",
    "add_webhook_endpoint",
    "close_dispute",
    "confirm_3ds",
    "deliver",
    "expire",
    "move_dispute",
    "move_refund",
    "open_dispute",
    "pay",
    "pay_by_bank_debit",
    "refund",
    "resend",
    "reset",
    "roll_secret",
    "settle",
)
QUERIES = (
    "charges",
    "disputes",
    "events",
    "payment_intents",
    "pending_deliveries",
    "refunds",
    "requests",
    "sessions",
)


class Sandbox(SandboxActions, SandboxQueries):
    """One Stripe account, with its API, its payment page and its webhooks.

    `data` is an SQLite file that survives restarts; without it everything is kept in memory.
    `name` is what the payment page calls the merchant; without it, that is the shop's host.
    `base_url` is where the payment page can be reached; `serve` sets it if it was not given.
    """

    def __init__(
        self, data: str | Path | None = None, base_url: str | None = None, name: str = ""
    ) -> None:
        super().__init__(data, base_url)
        self._account.name = name
        self._has_base_url = base_url is not None
        self._gate = Gate(self._account, self.faults, self._log)
        self._site = Site(self._account, self._shopper, self)
        self._control_api = self._build_control_api()

    def handle(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
    ) -> Response:
        """Answer one HTTP call, to the API or to a page, whatever carried it.

        Raises `ConnectionLost` when a fault says that no answer arrives.
        """
        request = Request.read(method, target, headers or {}, body)
        try:
            if request.path.startswith(API):
                return self._gate.answer(request)
            if not self._site.is_ours(request):
                return self._site.refuse()
            if request.path.startswith(PREFIX):
                return self._control_api.handle(request)
            return self._site.answer(request)
        finally:
            self._deliveries.go()

    def http_client(self) -> "stripe.HTTPClient":
        """Return a client for `StripeClient(key, http_client=…)` that needs no socket."""
        # Here, so that the sandbox works where the SDK is not installed.
        from django_stripe_cart.sandbox.in_process import SandboxClient

        return SandboxClient(self.handle)

    def serve(self, port: int = 0, host: str = "127.0.0.1") -> SandboxServer:
        """Answer on a port of this machine, in threads, and send webhooks over HTTP."""
        server = SandboxServer(self.handle, host=host, port=port)
        if not self._has_base_url:
            self.base_url = server.url
        self._deliveries.start()
        server.on_close(self._deliveries.stop)
        return server

    @property
    def base_url(self) -> str:
        """Where the hosted pages are."""
        return self._account.base_url

    @base_url.setter
    def base_url(self, value: str) -> None:
        self._account.move_to(value)

    def add_webhook_endpoint(
        self,
        url: str,
        secret: str | Sequence[str] | None = None,
        enabled_events: Sequence[str] = ("*",),
    ) -> Object:
        """Have events sent to an address, and return the endpoint with its `secret`.

        Several secrets sign side by side. An address that has an endpoint keeps it, with the new
        events, and with the new secrets if any are given.
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
        return {**public(endpoint), "secret": endpoint["_"]["secrets"][0]["secret"]}

    def roll_secret(self, endpoint: str, hours: int = 24) -> str:
        """Return a new secret for an endpoint (its id); the old one signs beside it for a time."""
        with self._account.change():
            found = self._account.get("webhook_endpoint", endpoint)
            secret = roll(found, until=self.clock.now() + hours * 60 * 60)
            self._account.save(found)
        return secret

    def deliver_with(self, deliver: Deliver | None) -> None:
        """Hand deliveries to `deliver(url, body, headers) -> status`; None holds them back."""
        self._deliveries.deliver_with(deliver)

    def deliver(self) -> list[Object]:
        """Send every delivery that is due now, and return what came of each."""
        self._account.catch_up()
        return self._deliveries.deliver_due()

    @property
    def pending_deliveries(self) -> list[Object]:
        """The deliveries that have not arrived yet, oldest first."""
        return self._deliveries.pending

    @property
    def hold_deliveries(self) -> bool:
        """Whether events wait for `deliver()` to be called."""
        return self._deliveries.is_held

    @hold_deliveries.setter
    def hold_deliveries(self, value: bool) -> None:
        self._deliveries.is_held = value

    def sign(self, body: bytes, secret: str, timestamp: int | None = None) -> str:
        """Return the `Stripe-Signature` header for a body."""
        moment = self.clock.wall() if timestamp is None else timestamp
        return signature.sign(body, secret, timestamp=moment)

    def reset(self) -> None:
        """Forget everything: objects, events, endpoints, faults, calls and the moved clock."""
        self._account.store.clear()
        self._log.entries.clear()
        self.faults.clear()
        self.clock.reset()

    def close(self) -> None:
        """Close the database; one in memory is lost."""
        self._account.store.close()

    def _build_control_api(self) -> ControlApi:
        return ControlApi(
            actions={
                **{name: getattr(self, name) for name in ACTIONS},
                "faults/add": lambda **fault: self.faults.add(**fault).describe(),
                "faults/clear": self.faults.clear,
                "clock/advance": self.clock.advance,
                "clock/freeze": self.clock.freeze,
                "clock/reset": self.clock.reset,
                "hold_deliveries": self._hold_deliveries,
            },
            queries={
                **{name: partial(getattr, self, name) for name in QUERIES},
                "clock": lambda: {"now": self.clock.now(), "wall": self.clock.wall()},
                "faults": self.faults.all,
            },
        )

    def _hold_deliveries(self, hold: bool = True) -> None:
        self.hold_deliveries = hold
