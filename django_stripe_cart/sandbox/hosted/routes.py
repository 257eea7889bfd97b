"""The table of contents of the pages, and who may post to them."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.actions import SandboxActions
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.hosted.checkout_page import CheckoutPage
from django_stripe_cart.sandbox.hosted.dashboard_page import Desk
from django_stripe_cart.sandbox.hosted.receipt_page import show_receipt
from django_stripe_cart.sandbox.hosted.rendering import asset, not_found, notice
from django_stripe_cart.sandbox.http import Request, Response
from django_stripe_cart.sandbox.shopper import Shopper

Answer = Callable[[str, Mapping[str, str]], Response]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Site:
    """Answers every call that is not the API's."""

    def __init__(self, account: Account, shopper: Shopper, actions: SandboxActions) -> None:
        self._account = account
        checkout = CheckoutPage(account, shopper)
        desk = Desk(account, actions)
        self._pages: list[tuple[str, str, Answer]] = [
            ("GET", r"/()", lambda _, query: desk.show()),
            ("POST", r"/desk/clock()", lambda _, form: desk.move_clock(form)),
            ("POST", r"/desk/sessions/(\w+)", desk.pull),
            ("GET", r"/c/pay/(\w+)", checkout.show),
            ("POST", r"/c/pay/(\w+)", checkout.submit),
            ("GET", r"/c/pay/(\w+)/authenticate", lambda id, query: checkout.ask(id)),
            ("POST", r"/c/pay/(\w+)/authenticate", checkout.answer),
            ("GET", r"/receipts/(\w+)", lambda id, query: show_receipt(account, id)),
            ("GET", r"/assets/([\w.]+)", lambda name, query: asset(name)),
        ]

    def answer(self, request: Request) -> Response:
        """Answer one browser."""
        method = "GET" if request.method == "HEAD" else request.method
        for allowed, pattern, answer in self._pages:
            match = re.fullmatch(pattern, request.path)
            if match and allowed == method:
                return self._answer(answer, match[1], request)
        return not_found()

    def _answer(self, answer: Answer, id: str, request: Request) -> Response:
        text = request.body.decode(errors="replace") if request.method == "POST" else request.query
        try:
            self._account.catch_up()
            return answer(id, _fields(text))
        except ApiError as error:
            return not_found() if error.status == 404 else _refused(error)

    def refuse(self) -> Response:
        """Turn away a form that stands on somebody else's page."""
        return notice("Not from here", "The sandbox answers its own pages only.", status=403)

    def is_ours(self, request: Request) -> bool:
        """Whether the browser is on this machine, and the form on one of these pages."""
        host = request.headers.get("host")
        if host is None:
            return True
        name = urlsplit(f"//{host}").hostname
        if name not in LOOPBACK and host != urlsplit(self._account.base_url).netloc:
            return False
        origin = request.headers.get("origin")
        return request.method != "POST" or origin is None or urlsplit(origin).netloc == host


def _fields(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
    except ValueError:
        return {}


def _refused(error: ApiError) -> Response:
    return notice(
        "That is not possible",
        str(error),
        status=error.status,
        link="/",
        link_text="To the sandbox desk",
    )
