"""Find the page for a request by method and path, and check the request's origin."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.http import Request, Response
from django_stripe_cart.sandbox.pages.dashboard_page import DashboardPage
from django_stripe_cart.sandbox.pages.payment_page import PaymentPage
from django_stripe_cart.sandbox.pages.receipt_page import show_receipt
from django_stripe_cart.sandbox.pages.rendering import (
    read_static_file,
    render_not_found,
    render_notice,
)
from django_stripe_cart.sandbox.simulated_actions import SimulatedActions

View = Callable[[str, Mapping[str, str]], Response]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class PageHandler:
    """The handler of every request for a page."""

    def __init__(self, account: Account, actions: SimulatedActions) -> None:
        self._account = account
        checkout = PaymentPage(account, actions)
        dashboard = DashboardPage(account, actions)
        self._pages: list[tuple[str, str, View]] = [
            ("GET", r"/()", lambda _, query: dashboard.show()),
            ("POST", r"/dashboard/clock()", lambda _, form: dashboard.move_clock(form)),
            ("POST", r"/dashboard/sessions/(\w+)", dashboard.run_action),
            ("GET", r"/c/pay/(\w+)", checkout.show),
            ("POST", r"/c/pay/(\w+)", checkout.submit),
            ("GET", r"/c/pay/(\w+)/authenticate", lambda id, query: checkout.show_3ds(id)),
            ("POST", r"/c/pay/(\w+)/authenticate", checkout.submit_3ds),
            ("GET", r"/receipts/(\w+)", lambda id, query: show_receipt(account, id)),
            ("GET", r"/assets/([\w.]+)", lambda name, query: read_static_file(name)),
        ]

    def handle(self, request: Request) -> Response:
        """Return the response to a browser's request."""
        method = "GET" if request.method == "HEAD" else request.method
        for allowed, pattern, handle in self._pages:
            match = re.fullmatch(pattern, request.path)
            if match and allowed == method:
                return self._run_view(handle, match[1], request)
        return render_not_found()

    def _run_view(self, handle: View, id: str, request: Request) -> Response:
        """Run the tasks that are due, then run a view, and return its response.

        If the tasks or the view raise `ApiError`, return an error page.
        """
        text = request.body.decode(errors="replace") if request.method == "POST" else request.query
        try:
            self._account.run_due_tasks()
            return handle(id, _decode_form(text))
        except ApiError as error:
            return render_not_found() if error.status == 404 else _render_refusal(error)

    def render_forbidden(self) -> Response:
        """Return the response to a request that `is_allowed` refuses."""
        return render_notice("Not from here", "The sandbox answers its own pages only.", status=403)

    def is_allowed(self, request: Request) -> bool:
        """Return whether the sandbox answers a request.

        The request must be for the sandbox's own host. A POST request must also come from a page of
        this host.
        """
        host = request.headers.get("host")
        if host is None:
            return True
        name = urlsplit(f"//{host}").hostname
        if name not in LOOPBACK and host != urlsplit(self._account.base_url).netloc:
            return False
        origin = request.headers.get("origin")
        return request.method != "POST" or origin is None or urlsplit(origin).netloc == host


def _decode_form(text: str) -> dict[str, str]:
    """Return the fields of a query or a submitted form."""
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
    except ValueError:
        return {}


def _render_refusal(error: ApiError) -> Response:
    """Return a page with the message of an API error."""
    return render_notice(
        "That is not possible",
        str(error),
        status=error.status,
        link="/",
        link_text="To the sandbox dashboard",
    )
