"""The sandbox seen from outside: through the real SDK, over HTTP and in process."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import session_params

stripe.enable_telemetry = False


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture(params=["in_process", "http"])
def client(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[stripe.StripeClient]:
    """The SDK, talking to the sandbox in each way it can."""
    if request.param == "in_process":
        yield stripe.StripeClient("sk_test_x", http_client=sandbox.http_client())
        return
    with sandbox.serve() as server:
        yield stripe.StripeClient("sk_test_x", base_addresses={"api": server.url})


@pytest.fixture
def local_client(sandbox: Sandbox) -> stripe.StripeClient:
    """The SDK in process, where the way of transport makes no difference."""
    return stripe.StripeClient("sk_test_x", http_client=sandbox.http_client())


@pytest.fixture
def open_session(local_client: stripe.StripeClient) -> Callable[..., Any]:
    """Create a session; arguments replace or add to its parameters."""

    def create(**params: Any) -> Any:
        return local_client.v1.checkout.sessions.create(session_params(**params))

    return create
