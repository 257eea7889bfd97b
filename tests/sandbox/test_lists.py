import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import Merchant, line_item

pytestmark = pytest.mark.stripe_sdk


def test_the_newest_comes_first_and_pages_follow_on(
    client: stripe.StripeClient, open_session
) -> None:
    ids = [open_session().id for _ in range(5)]
    sessions = client.v1.checkout.sessions

    first = sessions.list({"limit": 2})
    second = sessions.list({"limit": 2, "starting_after": first.data[-1].id})
    back = sessions.list({"limit": 2, "ending_before": second.data[0].id})

    assert [session.id for session in first.data] == ids[:2:-1]
    assert first.has_more
    assert [session.id for session in second.data] == ids[2:0:-1]
    assert [session.id for session in back.data] == [session.id for session in first.data]
    assert not back.has_more
    assert [session.id for session in sessions.list({"limit": 2}).auto_paging_iter()] == ids[::-1]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_holds_one_to_a_hundred(local_client: stripe.StripeClient, limit: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        local_client.v1.checkout.sessions.list({"limit": limit})

    assert caught.value.param == "limit"


def test_a_session_is_found_by_its_payment(
    sandbox: Sandbox, client: stripe.StripeClient, open_session
) -> None:
    session, _ = open_session(), open_session()
    sandbox.pay(session.id)
    intent = sandbox.payment_intents[0]["id"]

    found = client.v1.checkout.sessions.list({"payment_intent": intent})

    assert [one.id for one in found.data] == [session.id]
    assert len(client.v1.charges.list({"payment_intent": intent}).data) == 1


def test_sessions_are_found_by_their_status(sandbox: Sandbox, local_client, open_session) -> None:
    paid, expired = open_session(), open_session()
    open_session()
    sandbox.pay(paid.id)
    sandbox.expire(expired.id)

    for status, wanted in (("complete", paid), ("expired", expired)):
        found = local_client.v1.checkout.sessions.list({"status": status})
        assert [one.id for one in found.data] == [wanted.id]


def test_one_call_brings_the_session_its_lines_its_charge_and_its_refunds(
    sandbox: Sandbox, client: stripe.StripeClient, open_session
) -> None:
    session = open_session()
    sandbox.pay(session.id)

    expand = ["line_items", "payment_intent.latest_charge.refunds"]
    full = client.v1.checkout.sessions.retrieve(session.id, {"expand": expand})

    assert full.line_items.data[0].amount_total == 2000
    assert full.payment_intent.latest_charge.amount == 2000
    assert full.payment_intent.latest_charge.refunds.data == []


def test_the_objects_of_a_list_can_be_expanded(
    sandbox: Sandbox, local_client: stripe.StripeClient, open_session
) -> None:
    sandbox.pay(open_session().id)

    page = local_client.v1.checkout.sessions.list({"expand": ["data.payment_intent"]})

    assert page.data[0].payment_intent.status == "succeeded"


def test_what_is_null_stays_null_when_expanded(local_client, open_session) -> None:
    session = open_session(expand=["payment_intent"])

    assert session.payment_intent is None


def test_nothing_of_the_sandbox_itself_is_shown(
    sandbox: Sandbox, local_client: stripe.StripeClient, open_session
) -> None:
    session = open_session()
    sandbox.pay(session.id)

    expand = ["payment_intent.latest_charge.balance_transaction", "line_items.data.price.product"]
    full = local_client.v1.checkout.sessions.retrieve(session.id, {"expand": expand})

    assert '"_"' not in full.last_response.body
    assert full.payment_intent.latest_charge.balance_transaction.fee > 0
    assert full.line_items.data[0].price.product.name == "Tea"


@pytest.mark.parametrize(
    "path",
    [
        "amount_total",
        "payment_intent.charges",
        "payment_intent.latest_charge.payment_intent.latest_charge.refunds",
    ],
)
def test_what_cannot_be_expanded_is_refused(
    sandbox: Sandbox, local_client, open_session, path
) -> None:
    session = open_session()
    sandbox.pay(session.id)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        local_client.v1.checkout.sessions.retrieve(session.id, {"expand": [path]})

    assert caught.value.param == "expand"


def test_events_are_found_by_type_and_time(
    sandbox: Sandbox, client: stripe.StripeClient, open_session
) -> None:
    sandbox.pay(open_session().id)
    sandbox.clock.advance(hours=1)
    sandbox.expire(open_session().id)
    events = client.v1.events

    wanted = ["checkout.session.completed", "checkout.session.expired"]
    assert [event.type for event in events.list({"types": wanted}).data] == wanted[::-1]
    assert len(events.list({"type": "charge.succeeded"}).data) == 1
    recent = events.list({"created": {"gte": sandbox.clock.now() - 60}})
    assert [event.type for event in recent.data] == ["checkout.session.expired"]
    assert events.retrieve(recent.data[0].id).type == "checkout.session.expired"


def test_events_are_kept_for_thirty_days(sandbox: Sandbox, local_client, open_session) -> None:
    sandbox.pay(open_session().id)

    sandbox.clock.advance(days=31)

    assert local_client.v1.events.list().data == []


def test_no_more_than_twenty_types_may_be_asked_for(local_client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        local_client.v1.events.list({"types": [f"charge.{n}" for n in range(21)]})

    assert caught.value.param == "types"


def test_sessions_are_found_by_the_shoppers_address(
    sandbox: Sandbox, local_client, open_session
) -> None:
    ada, bob = open_session(), open_session()
    sandbox.pay(ada.id, email="ada@example.com")
    sandbox.pay(bob.id, email="bob@example.com")

    found = local_client.v1.checkout.sessions.list(
        {"customer_details": {"email": "ada@example.com"}}
    )

    assert [one.id for one in found.data] == [ada.id]


def test_events_are_found_by_whether_they_arrived(
    sandbox: Sandbox, local_client, open_session
) -> None:
    merchant = Merchant(sandbox, "checkout.session.completed")
    merchant.answers = [500]
    sandbox.pay(open_session().id)
    found = local_client.v1.events.list

    assert [event.type for event in found({"delivery_success": False}).data] == merchant.types
    assert len(found({"delivery_success": True}).data) == 3


def test_a_moment_finds_what_was_made_in_it(sandbox: Sandbox, local_client, open_session) -> None:
    sandbox.clock.freeze(sandbox.clock.now())
    session = open_session()
    sandbox.clock.advance(seconds=5)
    open_session()

    found = local_client.v1.checkout.sessions.list({"created": session.created})

    assert [one.id for one in found.data] == [session.id]


def test_the_lines_can_be_read_backwards(local_client, open_session) -> None:
    session = open_session(line_items=[line_item(name) for name in "ABCD"])
    lines = local_client.v1.checkout.sessions.line_items
    ids = [line.id for line in lines.list(session.id).data]

    page = lines.list(session.id, {"ending_before": ids[3], "limit": 2})

    assert [line.id for line in page.data] == ids[1:3]
    assert page.has_more
    with pytest.raises(stripe.InvalidRequestError):
        lines.list(session.id, {"starting_after": "li_none"})


@pytest.mark.parametrize(
    "params",
    [{"starting_after": "cs_1", "ending_before": "cs_2"}, {"starting_after": "cs_test_none"}],
)
def test_a_page_that_makes_no_sense_is_refused(local_client, params) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        local_client.v1.checkout.sessions.list(params)


def test_one_type_or_several_but_not_both(local_client) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        local_client.v1.events.list({"type": "a.b", "types": ["a.b"]})


def test_a_list_in_a_list_is_expanded(sandbox: Sandbox, local_client, open_session) -> None:
    session = open_session(line_items=[line_item("A"), line_item("B")])

    full = local_client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["line_items.data", "line_items.data.price.product"]}
    )

    assert [line.price.product.name for line in full.line_items.data] == ["A", "B"]


def test_payment_intents_and_movements_are_read_by_their_ids(
    sandbox: Sandbox, local_client, open_session
) -> None:
    sandbox.pay(open_session().id)
    [intent], [charge] = sandbox.payment_intents, sandbox.charges

    assert local_client.v1.payment_intents.retrieve(intent["id"]).amount == 2000
    assert [one.id for one in local_client.v1.payment_intents.list().data] == [intent["id"]]
    movement = local_client.v1.balance_transactions.retrieve(
        charge["balance_transaction"], {"expand": ["source"]}
    )
    assert movement.source.id == charge["id"]
