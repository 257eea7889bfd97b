import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import HOOK, session_params

pytestmark = pytest.mark.stripe_sdk

KEY = {"idempotency_key": "order-1"}


def client_of(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient("sk_test_x", http_client=sandbox.http_client())


def test_a_file_remembers_across_a_restart(tmp_path) -> None:
    path = tmp_path / "sandbox.sqlite3"
    before = Sandbox(data=path)
    session = client_of(before).v1.checkout.sessions.create(session_params(), KEY)
    before.pay(session.id)
    before.close()

    after = Sandbox(data=str(path))

    assert client_of(after).v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert client_of(after).v1.checkout.sessions.create(session_params(), KEY).id == session.id
    after.close()


def test_deliveries_go_on_after_a_restart(tmp_path) -> None:
    path = tmp_path / "sandbox.sqlite3"
    before = Sandbox(data=path)
    before.deliver_with(None)
    before.add_webhook_endpoint(HOOK, "whsec_1", ["checkout.session.completed"])
    before.pay(client_of(before).v1.checkout.sessions.create(session_params()).id)
    before.close()

    after = Sandbox(data=path)
    received: list[str] = []
    after.add_webhook_endpoint(HOOK, "whsec_1", ["checkout.session.completed"])
    after.deliver_with(lambda url, body, headers: received.append(url) or 200)
    after.deliver()

    assert received == [HOOK]
    assert after.pending_deliveries == []
    after.close()


def test_a_session_expires_while_the_sandbox_is_stopped(tmp_path) -> None:
    path = tmp_path / "sandbox.sqlite3"
    before = Sandbox(data=path)
    client_of(before).v1.checkout.sessions.create(session_params())
    before.close()

    after = Sandbox(data=path)
    after.clock.advance(hours=25)

    assert after.sessions[0]["status"] == "expired"
    after.close()


def test_reset_forgets_everything(sandbox: Sandbox, open_session) -> None:
    sandbox.pay(open_session().id)
    sandbox.clock.advance(days=3)

    sandbox.reset()

    assert sandbox.sessions == sandbox.events == sandbox.requests == []
    assert sandbox.clock.now() == sandbox.clock.wall()


def test_the_clock_can_stand_still(sandbox: Sandbox) -> None:
    sandbox.clock.freeze(1_000_000)
    sandbox.clock.advance(minutes=1)

    assert sandbox.clock.now() == 1_000_060
    sandbox.clock.reset()
    assert sandbox.clock.now() > 1_000_060


def test_two_sandboxes_know_nothing_of_each_other(sandbox: Sandbox, open_session) -> None:
    open_session()

    assert Sandbox().sessions == []


def test_a_restarted_server_sends_what_was_left_by_itself(tmp_path) -> None:
    path = tmp_path / "sandbox.sqlite3"
    received = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            received.set()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as merchant:
        threading.Thread(target=merchant.serve_forever, args=(0.02,), daemon=True).start()
        before = Sandbox(data=path)
        hook = f"http://127.0.0.1:{merchant.server_port}/"
        before.add_webhook_endpoint(hook, "whsec_1", ["checkout.session.completed"])
        before.pay(client_of(before).v1.checkout.sessions.create(session_params()).id)
        before.close()
        assert not received.is_set()

        after = Sandbox(data=path)
        with after.serve():
            assert received.wait(5)
        after.close()
        merchant.shutdown()


def test_an_endpoint_keeps_its_secret_across_a_restart(tmp_path) -> None:
    path = tmp_path / "sandbox.sqlite3"
    before = Sandbox(data=path)
    secret = before.add_webhook_endpoint(HOOK)["secret"]
    before.close()

    after = Sandbox(data=path)

    assert after.add_webhook_endpoint(HOOK)["secret"] == secret
    assert after.add_webhook_endpoint(HOOK, "whsec_mine")["secret"] == "whsec_mine"
    after.close()
