"""Hostile requests to every URL: no 5xx, no redirect to another site, and no write by a GET."""

from __future__ import annotations

import logging
import random
import re
import uuid
from collections.abc import Iterator
from urllib.parse import quote, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, reverse

from django_stripe_cart import urls, webhook_urls
from django_stripe_cart.models import Order, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.invariants import violations
from tests.batteries.raw_requests import RawClient, RawRequest, RawResponse

PATTERNS: list[URLPattern] = urls.urlpatterns
WEBHOOK: list[URLPattern] = webhook_urls.urlpatterns
# Hosts that a redirect may lead to: Stripe's page is the sandbox's here
ALLOWED_HOSTS = ("testserver", "localhost", "127.0.0.1")
# These two pages sync the order, and may write
SYNCING = ("order", "checkout_return")
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")

METHODS = (
    "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND",
    "get", "POST ", "\x00", "", "Ü", "X" * 5000,
)  # fmt: skip
DIGITS = ("\u0661\u0662", "\uff11\uff12")  # Arabic, and of full width
VALUES = (
    "", " ", "0", "-0", "+1", "-1", "1", "3", "1.0", "1,000", "1e3", "0x10", "1_000", "999", "1000",
    str(2**31), str(2**63 - 1), str(2**63), str(-(2**63)), str(2**64), "9" * 400, "9" * 5000,
    "NaN", "Infinity", "-inf", "null", "None", "true", "[]", "{}", "[[1,2,3,4]]", "[1]", '[["1"]]',
    "[" * 3000, '{"a":' * 2000, *DIGITS, "²", "½", "Ⅷ", "٣", "\x00", "1\x00", "\x00" * 300,
    "\u202e", "\ufeff1", "\U0001f4a9", "é", "e\u0301", "\ud7ff", "\uffff", "a" * 200_000,
    "'; DROP TABLE stripe_cart_order; --", "' OR 1=1 --", "%", "%s", "%(x)s", "{{ 7*7 }}", "${7*7}",
    "<script>alert(1)</script>", "../../etc/passwd", "//evil.example", "https://evil.example/",
    "javascript:alert(1)", "/\x00", "/\r\nSet-Cookie: a=b", "http://testserver:99999/", "http://[",
    "http://[::1", "/ok", "\\\\evil.example", "/%00", "/%ff", "?page=-1", str(uuid.uuid4()),
)  # fmt: skip
HOSTS = (
    "testserver", "localhost", "127.0.0.1", "evil.example", "testserver.evil.example", "", " ",
    "testserver:80", "testserver:99999", "testserver:x", "testserver\x00", "[::1]", "[", "a" * 3000,
    "testserver@evil.example", "testserver/x", "testserver,evil.example", "TESTSERVER", "тест", "*",
)  # fmt: skip
TYPES = (
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8",
    "application/json", "text/plain", "",
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "b" * 300, "multipart/form-data; boundary=\x00",
    "multipart/mixed; boundary=x", "application/xml", "a/b/c", ";", "é/é", "x" * 9000,
)  # fmt: skip
# Django's own CSRF check fails on these, on any site, before a view is called
CHARSETS = tuple(f"{TYPES[0]}; charset={name}" for name in ("utf-16", "utf-7", "nonsense"))
ACCEPTS = (
    "text/html", "application/json", "*/*", "", ",", ";", "q=", "text/html;q=x", "a" * 9000,
    "application/json;q=0.9,text/html;q=1.1", "text/*, application/*", "\x00", "é", "*", "/",
    "application/json;" * 500, "text/html;level=1;q=\u0661",
)  # fmt: skip
LANGUAGES = ("", "de", "xx", "de-" * 300, "*", "en;q=x", "\x00", "é", "../..", "zh-hans-cn-x-y")
ODD_HEADERS = (
    "Stripe-Cart", "X-Requested-With", "Referer", "Origin", "X-Forwarded-Host", "X-Forwarded-Proto",
    "If-None-Match", "If-Modified-Since", "Range", "Transfer-Encoding", "Content-Encoding",
    "X-HTTP-Method-Override", "Stripe-Signature", "Authorization", "User-Agent",
)  # fmt: skip
QUERIES = (
    b"", b"?", b"&&&", b"page=2", b"page=0", b"page=-1", b"page=last", b"page=%00", b"page=\xff",
    b"page=" + b"9" * 500, b"page=1&page=2", b"=", b"%", b"%zz", b"next=//evil.example",
    b"a=" + b"b" * 100_000, b"\xff\xfe=\xfd", b"fragment=cart", b"session_id={CHECKOUT_SESSION_ID}",
    b"session_id=cs_test_\x00", b"format=json", b"&".join(b"a=%d" % n for n in range(900)),
    b"&".join(b"a=%d" % n for n in range(1500)),
)  # fmt: skip
FIELDS = ("product", "quantity", "fingerprint", "next", "csrfmiddlewaretoken", "amount", "order")


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def order(browser: Browser, sandbox: Sandbox, mug: Product) -> Iterator[Order]:
    browser.add(mug)
    browser.check_out()
    yield browser.order
    assert violations(sandbox, stock={mug.pk: 10}) == []


@pytest.fixture
def client(user: User, order: Order) -> RawClient:
    return RawClient(user)


def url_of(pattern: URLPattern, reference: object) -> str:
    if pattern in WEBHOOK:
        return reverse("stripe_cart_webhook")
    named = "reference" in pattern.pattern.regex.groupindex
    return reverse(f"stripe_cart:{pattern.name}", args=[reference] if named else [])


def assert_no_error(response: RawResponse, request: RawRequest) -> None:
    assert response.status < 500, f"{response.status} for {str(request)[:2000]}"
    for url in re.findall(r"^(?:Stripe-Cart-)?Location: (.*)$", response.headers, re.MULTILINE):
        assert urlsplit(url).hostname in (None, *ALLOWED_HOSTS), (url, request)


# --- each hostile value in each place ----------------------------------------------------------


@pytest.mark.parametrize("pattern", [*PATTERNS, *WEBHOOK], ids=lambda pattern: pattern.name)
def test_each_method_is_answered(client: RawClient, order: Order, pattern: URLPattern) -> None:
    path = url_of(pattern, order.reference).encode()

    for method in METHODS:
        request = RawRequest(method, path)
        response = client.send(request)
        assert_no_error(response, request)
        if method.upper() not in ("GET", "POST"):
            assert response.status in (400, 403, 405), request


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("field", ["product", "quantity", "fingerprint", "next"])
def test_each_value_in_each_field_is_answered(
    client: RawClient, order: Order, mug: Product, pattern: URLPattern, field: str
) -> None:
    path = url_of(pattern, order.reference).encode()
    valid = {"product": str(mug.pk), "quantity": "1", "fingerprint": "[]", "next": "/"}

    for value in VALUES:
        body = urlencode({**valid, field: value}, errors="surrogatepass").encode()
        request = RawRequest("POST", path, headers={"Content-Type": TYPES[0]}, body=body)
        assert_no_error(client.send(request), request)

    assert Product.objects.filter(stock__gte=0).count() == Product.objects.count()


@pytest.mark.parametrize("pattern", [*PATTERNS, *WEBHOOK], ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_header_is_answered(
    client: RawClient, order: Order, mug: Product, pattern: URLPattern, method: str
) -> None:
    path = url_of(pattern, order.reference).encode()
    body = b"" if method == "GET" else f"product={mug.pk}&quantity=1".encode()
    variants = [
        *[{"Host": value} for value in HOSTS],
        *[{"Content-Type": value} for value in TYPES],
        *[{"Content-Type": value} for value in CHARSETS if pattern in WEBHOOK],
        *[{"Accept": value} for value in ACCEPTS],
        *[{"Accept-Language": value} for value in LANGUAGES],
        *[{name: value} for name in ODD_HEADERS for value in ("", "x", "\x00", "é" * 300)],
    ]

    for headers in variants:
        for is_scripted in (False, True):
            script = {"Stripe-Cart": "fragment"} if is_scripted else {}
            request = RawRequest(method, path, headers={**script, **headers}, body=body)
            assert_no_error(client.send(request), request)


@pytest.mark.parametrize("pattern", [*PATTERNS, *WEBHOOK], ids=lambda pattern: pattern.name)
def test_each_query_and_address_is_answered(
    client: RawClient, order: Order, pattern: URLPattern
) -> None:
    path = url_of(pattern, order.reference).encode()
    paths = [path + odd for odd in (b"/", b"x", b"%00", b"\x00", b"\xff", b";x", b"..", b"/../")]
    if str(order.reference).encode() in path:
        hexed = order.reference.hex.encode()
        swaps = (b"", b"0", hexed, hexed.upper(), b"\xff" * 36, quote("\u0661" * 36).encode())
        paths += [path.replace(str(order.reference).encode(), swap) for swap in swaps]

    for method in ("GET", "POST"):
        for request in [
            *[RawRequest(method, path, query) for query in QUERIES],
            *[RawRequest(method, odd) for odd in paths],
        ]:
            assert_no_error(client.send(request), request)


def multiparts() -> list[bytes]:
    part = b'--x\r\nContent-Disposition: form-data; name="product"\r\n\r\n1\r\n'
    file = b'--x\r\nContent-Disposition: form-data; name="product"; filename="a"\r\n\r\n1\r\n'
    return [
        b"", b"--x", b"--x--", b"--x--\r\n", part, part + b"--x--\r\n", file + b"--x--\r\n",
        file * 150 + b"--x--\r\n", part * 1200 + b"--x--\r\n", part.replace(b"\r\n", b"\n"),
        part.replace(b'"product"', b'"\xff\xfe"'), part.replace(b'"product"', b'"' + b"p" * 9000),
        part.replace(b"\r\n\r\n1", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!"),
        part.replace(b"form-data", b"form-data; filename*=utf-9''%ff"), b"--x\r\n" * 3000,
        part.replace(b"1\r\n", b"\x00" * 1000), b"\xff" * 10_000, b"x" * 3_000_000,
        part.replace(b"\r\n\r\n1", b"\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n1"),
    ]  # fmt: skip


@pytest.mark.parametrize("pattern", [*PATTERNS, *WEBHOOK], ids=lambda pattern: pattern.name)
def test_each_broken_body_is_answered(client: RawClient, order: Order, pattern: URLPattern) -> None:
    path = url_of(pattern, order.reference).encode()
    kinds = ("multipart/form-data; boundary=x", TYPES[0])
    others = [b"\xff\xfe", b"product=%ff&quantity=%00", b"&" * 50_000, b"a" * 2_600_000, b"{}"]
    # Django itself fails on a length that is not a number; servers reject such a request.
    lengths = ("0", "-1", "1", "999999999", "", "1" * 30)

    requests = [
        *[
            RawRequest("POST", path, headers={"Content-Type": kind}, body=body)
            for kind in kinds
            for body in [*multiparts(), *others]
        ],
        *[
            RawRequest(
                "POST", path, headers={"Content-Type": TYPES[0]}, body=b"product=1", length=length
            )
            for length in lengths
        ],
    ]

    for request in requests:
        assert_no_error(client.send(request), request)


# --- random combinations ------------------------------------------------------------------------


def test_two_thousand_random_requests_are_answered(
    client: RawClient, order: Order, sandbox: Sandbox
) -> None:
    chance = random.Random(11)
    paths = [url_of(pattern, order.reference).encode() for pattern in [*PATTERNS, *WEBHOOK]]

    for _number in range(2000):
        names = chance.sample(FIELDS, chance.randrange(len(FIELDS)))
        fields = [(name, chance.choice(VALUES)) for name in names]
        request = RawRequest(
            method=chance.choice(("POST", "POST", "GET", *METHODS)),
            path=chance.choice(paths),
            query=chance.choice(QUERIES[:-1]),  # with a charset, Django fails on so many fields
            headers={
                "Content-Type": chance.choice((TYPES[0], TYPES[0], *TYPES)),
                "Accept": chance.choice(ACCEPTS),
                chance.choice(ODD_HEADERS): chance.choice(VALUES)[:500],
            },
            body=urlencode(fields, errors="surrogatepass").encode(),
        )
        assert_no_error(client.send(request), request)

    assert not [intent for intent in sandbox.payment_intents if intent["amount_received"]]


# --- reading never writes -----------------------------------------------------------------------


@pytest.mark.parametrize("pattern", [*PATTERNS, *WEBHOOK], ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("reader_is", ["a visitor", "the owner"])
def test_reading_writes_nothing(
    client: RawClient, order: Order, pattern: URLPattern, method: str, reader_is: str
) -> None:
    reader = RawClient() if reader_is == "a visitor" else client
    path = url_of(pattern, order.reference).encode()
    requests = [
        RawRequest(method, path, query, {"Accept": accept, **script})
        for query in QUERIES
        for accept in ("text/html", "application/json")
        for script in ({}, {"Stripe-Cart": "fragment"})
    ]

    with CaptureQueriesContext(connection) as queries:
        for request in requests:
            assert_no_error(reader.send(request), request)

    writes = [sql for query in queries if (sql := query["sql"]).lstrip().startswith(WRITES)]
    if method == "GET" and pattern.name in SYNCING and reader_is == "the owner":
        writes = [sql for sql in writes if '"stripe_cart_' not in sql.replace("`", '"')]
    assert writes == []
