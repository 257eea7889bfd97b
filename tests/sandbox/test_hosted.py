"""The pages as a browser without JavaScript gets them."""

import re
from html import unescape
from urllib.parse import urlencode, urlsplit

import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.http import Response
from tests.sandbox.merchant import line_item, session_params

pytestmark = pytest.mark.stripe_sdk

CARD = {
    "method": "card",
    "number": "4242 4242 4242 4242",
    "expiry": "12 / 40",
    "cvc": "123",
    "name": "Ada",
    "email": "ada@example.com",
}
HOSTILE = "<script>alert(1)</script>\"'{{ 7*7 }}{% now %}"


def get(sandbox: Sandbox, url: str) -> str:
    response = sandbox.handle("GET", url)
    assert response.status == 200
    return response.body.decode()


def post(sandbox: Sandbox, url: str, **fields: str) -> Response:
    return sandbox.handle("POST", urlsplit(url).path, {}, urlencode(fields))


def test_the_page_shows_what_is_bought_and_for_how_much(sandbox: Sandbox, open_session) -> None:
    session = open_session(line_items=[line_item("Green tea", 1250, 2), line_item("Pot", 4000)])

    page = unescape(get(sandbox, session.url))

    for text in ("Green tea", "Qty 2, $12.50 each", "$25.00", "Pot", "$65.00", "Test mode"):
        assert text in page
    assert 'href="http://testserver/cart/"' in page


def test_the_page_calls_the_shop_by_its_name() -> None:
    named = Sandbox(name="Limited Products")
    client = stripe.StripeClient("sk_test_1", http_client=named.http_client())
    session = client.v1.checkout.sessions.create(session_params())

    page = unescape(get(named, session.url))

    assert "Limited Products" in page
    assert "Pay testserver" not in page


def test_paying_sends_the_shopper_to_the_shop(sandbox: Sandbox, open_session) -> None:
    session = open_session()

    response = post(sandbox, session.url, **CARD)

    assert response.status == 303
    assert response.headers["Location"] == f"http://testserver/done/?session={session.id}"
    assert sandbox.sessions[0]["customer_details"]["email"] == "ada@example.com"


def test_a_second_submit_goes_the_same_way_and_pays_nothing(sandbox: Sandbox, open_session) -> None:
    session = open_session()

    first, second = (post(sandbox, session.url, **CARD) for _ in range(2))

    assert first.headers["Location"] == second.headers["Location"]
    assert len(sandbox.charges) == 1


def test_a_decline_says_why_and_keeps_what_was_typed(sandbox: Sandbox, open_session) -> None:
    session = open_session()

    response = post(sandbox, session.url, **CARD | {"number": "4000 0000 0000 9995"})

    page = response.body.decode()
    assert response.status == 200
    assert "insufficient_funds" in page
    assert 'role="alert"' in page
    assert 'value="Ada"' in page
    assert post(sandbox, session.url, **CARD).status == 303


def test_a_field_that_is_wrong_is_marked(sandbox: Sandbox, open_session) -> None:
    page = post(sandbox, open_session().url, **CARD | {"cvc": "1"}).body.decode()

    marked = re.search(r'<input id="cvc"[^>]*aria-invalid="true"[^>]*>', page)
    assert marked
    assert "security code is incomplete" in page


def test_a_test_card_fills_in_the_form_without_javascript(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    path = urlsplit(session.url).path
    assert f'href="{path}?card=4000000000000002#number"' in get(sandbox, session.url)

    page = get(sandbox, path + "?card=4000000000000002")

    assert 'value="4000 0000 0000 0002"' in page
    assert 'value="123"' in page


def test_an_address_that_the_shop_knows_cannot_be_changed(sandbox: Sandbox, open_session) -> None:
    session = open_session(customer_email="ada@example.com")
    assert "readonly" in get(sandbox, session.url)

    post(sandbox, session.url, **CARD | {"email": "eve@example.com"})

    assert sandbox.sessions[0]["customer_details"]["email"] == "ada@example.com"


@pytest.mark.parametrize(("answer", "outcome"), [("complete", 303), ("fail", 200), ("", 200)])
def test_the_bank_asks_on_a_page_of_its_own(
    sandbox: Sandbox, open_session, answer: str, outcome: int
) -> None:
    session = open_session()
    asked = post(sandbox, session.url, **CARD | {"number": "4000002500003155"})
    assert asked.status == 303

    page = get(sandbox, asked.headers["Location"])
    assert "$20.00" in page
    response = post(sandbox, asked.headers["Location"], answer=answer)

    assert response.status == outcome
    assert sandbox.sessions[0]["status"] == ("complete" if outcome == 303 else "open")


def test_a_bank_that_asks_nothing_sends_the_shopper_back(sandbox: Sandbox, open_session) -> None:
    path = urlsplit(open_session().url).path

    response = sandbox.handle("GET", f"{path}/authenticate")

    assert (response.status, response.headers["Location"]) == (303, path)


def test_the_page_offers_the_bank_debit(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    assert "US bank account" in get(sandbox, session.url)

    bank = {"method": "bank_debit", "name": "Ada", "email": "ada@example.com"}
    assert post(sandbox, session.url, **bank).status == 303

    assert sandbox.sessions[0]["payment_status"] == "unpaid"


def test_nothing_to_pay_asks_for_no_card(sandbox: Sandbox, open_session) -> None:
    session = open_session(line_items=[line_item(unit_amount=0)])
    page = get(sandbox, session.url)
    assert 'name="number"' not in page

    assert post(sandbox, session.url, name="Ada", email="ada@example.com").status == 303


def test_a_closed_session_says_so_and_links_back(sandbox: Sandbox, open_session) -> None:
    paid, expired = open_session(), open_session()
    sandbox.pay(paid.id)
    sandbox.expire(expired.id)

    assert "This checkout is complete" in get(sandbox, paid.url)
    page = get(sandbox, expired.url)
    assert "This checkout has expired" in page
    assert "http://testserver/cart/" in page
    assert post(sandbox, expired.url, **CARD).status == 200
    assert sandbox.sessions[1]["status"] == "expired"


def test_the_receipt_shows_the_payment(sandbox: Sandbox, open_session) -> None:
    sandbox.pay(open_session().id)

    page = get(sandbox, sandbox.charges[0]["receipt_url"])

    assert "$20.00" in page
    assert "Visa ending in 4242" in page


def test_hostile_texts_stay_texts(sandbox: Sandbox, open_session) -> None:
    session = open_session(
        line_items=[line_item(HOSTILE)],
        client_reference_id=HOSTILE,
        branding_settings={"display_name": HOSTILE},
    )
    pages = [
        get(sandbox, session.url),
        get(sandbox, urlsplit(session.url).path + "?" + urlencode({"card": HOSTILE})),
        post(sandbox, session.url, **dict.fromkeys(CARD, HOSTILE)).body.decode(),
        get(sandbox, "/"),
    ]
    sandbox.pay(session.id)
    pages += [get(sandbox, session.url), get(sandbox, sandbox.charges[0]["receipt_url"])]

    for page in pages:
        assert "<script>alert" not in page
    assert all(HOSTILE in unescape(page) for page in (*pages[:1], *pages[2:]))


def test_a_hostile_form_changes_nothing(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    path = urlsplit(session.url).path

    for body in (b"\xff\xfe", b"&" * 5000, b"method=card&number=" + b"9" * 100_000, b"a[b]=c"):
        assert sandbox.handle("POST", path, {}, body).status == 200
    assert sandbox.sessions[0]["status"] == "open"


def test_a_form_on_another_site_is_refused(sandbox: Sandbox, open_session) -> None:
    path = urlsplit(open_session().url).path
    for headers in (
        {"Host": "127.0.0.1:8001", "Origin": "http://evil.example"},
        {"Host": "127.0.0.1:8001", "Origin": "null"},
        {"Host": "evil.example:8001"},
    ):
        assert sandbox.handle("POST", path, headers, urlencode(CARD)).status == 403
    own = {"Host": "127.0.0.1:8001", "Origin": "http://127.0.0.1:8001"}
    assert sandbox.handle("POST", path, own, urlencode(CARD)).status == 303


def test_the_pages_run_no_script_but_their_own(sandbox: Sandbox, open_session) -> None:
    session = open_session()

    response = sandbox.handle("GET", session.url)

    page = response.body.decode()
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*src=)|<style|style=|\son\w+=", page)
    for asset in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page):
        assert sandbox.handle("GET", asset).status == 200
    assert sandbox.handle("GET", "/assets/..%2Fstore.py").status == 404
    assert sandbox.handle("GET", "/nothing").status == 404


def test_the_dashboard_lists_the_sessions_and_pulls_their_actions(
    sandbox: Sandbox, open_session
) -> None:
    debit, other, late = open_session(client_reference_id="order-1"), open_session(), open_session()
    sandbox.pay_by_bank_debit(debit.id)
    dashboard = get(sandbox, "/")
    assert "order-1" in dashboard
    assert "Waiting for the bank" in dashboard

    post(sandbox, f"/dashboard/sessions/{debit.id}", action="settle")
    post(sandbox, f"/dashboard/sessions/{other.id}", action="expire")
    post(sandbox, "/dashboard/clock", hours="25")

    assert [one["status"] for one in sandbox.sessions] == ["complete", "expired", "expired"]
    assert sandbox.sessions[0]["payment_status"] == "paid"
    assert post(sandbox, f"/dashboard/sessions/{other.id}", action="expire").status == 400
    assert post(sandbox, f"/dashboard/sessions/{late.id}", action="explode").status == 404


def test_the_dashboard_sends_a_webhook_once_more(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.pay(session.id)
    received: list[str] = []
    sandbox.add_webhook_endpoint("http://testserver/hook/")
    sandbox.deliver_with(lambda url, body, headers: received.append(body.decode()) or 200)

    post(sandbox, f"/dashboard/sessions/{session.id}", action="resend")

    assert len(received) == 1
    assert "checkout.session.completed" in received[0]


def test_the_dashboard_refunds_and_disputes(sandbox: Sandbox, open_session) -> None:
    refunded, won, lost = (open_session() for _ in range(3))
    for session in (refunded, won, lost):
        sandbox.pay(session.id)
    assert get(sandbox, "/").count('value="refund"') == 3

    post(sandbox, f"/dashboard/sessions/{refunded.id}", action="refund")
    for session, action in ((won, "win"), (lost, "lose")):
        assert post(sandbox, f"/dashboard/sessions/{session.id}", action=action).status == 400
        post(sandbox, f"/dashboard/sessions/{session.id}", action="dispute")
        post(sandbox, f"/dashboard/sessions/{session.id}", action=action)

    assert [one["status"] for one in sandbox.disputes] == ["won", "lost"]
    dashboard = get(sandbox, "/")
    assert "Refunded $20.00" in dashboard
    assert "Dispute: lost" in dashboard


def test_shipping_and_discounts_are_shown_and_chosen(sandbox: Sandbox, open_session) -> None:
    sandbox.add_coupon("TENTH", percent_off=10)
    rates = [
        {
            "shipping_rate_data": {
                "display_name": name,
                "fixed_amount": {"amount": amount, "currency": "usd"},
            }
        }
        for name, amount in (("Post", 490), ("Courier", 1290))
    ]
    session = open_session(shipping_options=rates, discounts=[{"coupon": "TENTH"}])

    page = unescape(get(sandbox, session.url))
    for text in ("$2.00", "Shipping", "$4.90", "Courier", "$22.90"):
        assert text in page
    courier = session.shipping_options[1].shipping_rate
    assert post(sandbox, session.url, **CARD, shipping_rate=courier).status == 303

    assert sandbox.payment_intents[0]["amount"] == 3090


def test_a_bank_debits_receipt_says_so(sandbox: Sandbox, open_session) -> None:
    sandbox.pay_by_bank_debit(open_session().id)

    assert "Bank debit" in get(sandbox, sandbox.charges[0]["receipt_url"])


def test_an_expired_session_asks_no_bank(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    asked = sandbox.pay(session.id, "4000002500003155").redirect_url
    sandbox.expire(session.id)

    assert "expired" in get(sandbox, asked)
    assert "expired" in post(sandbox, asked, answer="complete").body.decode()


def test_a_file_that_is_no_asset_is_not_served(sandbox: Sandbox) -> None:
    for name in ("store.py", "nothing.css"):
        assert sandbox.handle("GET", f"/assets/{name}").status == 404
