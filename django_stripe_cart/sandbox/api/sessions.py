"""`/v1/checkout/sessions`: create and expire Checkout Sessions, and list their line items."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.api.session_rules import check_session
from django_stripe_cart.sandbox.currencies import check_chargeable
from django_stripe_cart.sandbox.errors import ApiError, resource_missing
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.discount import build_shipping_rate, discount_amount
from django_stripe_cart.sandbox.objects.line_item import (
    build_line_item,
    build_price,
    build_product,
)
from django_stripe_cart.sandbox.objects.session import build_session
from django_stripe_cart.sandbox.pagination import list_items, parameters_for_list
from django_stripe_cart.sandbox.parameters import Email, Hash, OneOf, Text
from django_stripe_cart.sandbox.payment_intents import cancel_intent

SESSION = "checkout.session"
LIST = parameters_for_list(
    payment_intent=Text(),
    status=OneOf(["complete", "expired", "open"]),
    customer=Text(),
    customer_account=Text(),
    customer_details=Hash({"email": Email()}, required=["email"]),
    payment_link=Text(),
    subscription=Text(),
)


def create_session(account: Account, params: Object) -> Object:
    """Create an open Checkout Session, and return it. The session expires at `expires_at`."""
    check_session(account, params)
    session = build_session(
        params,
        currency=params["line_items"][0]["price_data"]["currency"],
        created=account.clock.now(),
        base_url=account.base_url,
    )
    session["_"]["line_items"] = [_create_line_item(account, item) for item in params["line_items"]]
    _add_shipping_options(account, session, params.get("shipping_options", []))
    _add_discounts(account, session, params.get("discounts", []))
    update_totals(account, session)
    check_chargeable(session["amount_total"], session["currency"])
    account.schedule(session["expires_at"] - session["created"], "expire_session", session["id"])
    return account.save(session)


def list_line_items(account: Account, id: str, params: Object) -> Object:
    """Return a page of a session's line items."""
    lines = account.get(SESSION, id)["_"]["line_items"]
    return list_items(lines, f"/v1/checkout/sessions/{id}/line_items", params)


def expire_session(account: Account, id: str) -> Object:
    """Expire an open session, and return it. An expired session cannot be paid.

    Raise `ApiError` if the session is not open.
    """
    session = account.get(SESSION, id)
    if session["status"] != "open":
        raise ApiError(
            f"Only an open Checkout Session can be expired; this one is {session['status']}."
        )
    return mark_expired(account, session)


def mark_expired(account: Account, session: Object) -> Object:
    """Mark an open session as expired, cancel its payment intent, and return the session.

    A session that is not open is returned unchanged.
    """
    if session["status"] == "open":
        session.update(status="expired", url=None)
        account.save(session)
        if session["payment_intent"]:
            cancel_intent(account, account.get("payment_intent", session["payment_intent"]))
        account.emit("checkout.session.expired", session)
    return session


def update_totals(account: Account, session: Object) -> None:
    """Calculate a session's amounts from its line items, discount and shipping cost.

    The caller must store the session.
    """
    lines = session["_"]["line_items"]
    subtotal = sum(line["amount_subtotal"] for line in lines)
    discount = _allocate_discount(account, session, subtotal)
    shipping = (session["shipping_cost"] or {}).get("amount_total", 0)
    session["amount_subtotal"] = subtotal
    session["amount_total"] = subtotal - discount + shipping
    session["total_details"] = {
        "amount_discount": discount,
        "amount_shipping": shipping,
        "amount_tax": 0,
    }


def set_shipping_rate(session: Object, rate: Object) -> None:
    """Set a session's shipping cost to the amount of a shipping rate."""
    amount = rate["fixed_amount"]["amount"]
    session["shipping_cost"] = {
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "shipping_rate": rate["id"],
    }


def _create_line_item(account: Account, item: Object) -> Object:
    """Store the product and price of a line item, and return the line item."""
    data, created = item["price_data"], account.clock.now()
    product = account.save(build_product(data["product_data"], created=created))
    price = account.save(build_price(data, product["id"], created=created))
    return build_line_item(item, price, product)


def _add_shipping_options(account: Account, session: Object, options: list[Object]) -> None:
    """Add shipping options to a session, and choose the first option.

    Raise `ApiError` if an option refers to a stored shipping rate.
    """
    for index, option in enumerate(options):
        if "shipping_rate_data" not in option:
            raise resource_missing(
                "shipping rate",
                option.get("shipping_rate", ""),
                param=f"shipping_options[{index}][shipping_rate]",
                status=400,
            )
        rate = build_shipping_rate(option["shipping_rate_data"], created=account.clock.now())
        account.save(rate)
        session["shipping_options"].append(
            {"shipping_amount": rate["fixed_amount"]["amount"], "shipping_rate": rate["id"]}
        )
        if index == 0:
            set_shipping_rate(session, rate)


def _add_discounts(account: Account, session: Object, discounts: list[Object]) -> None:
    """Add coupons to a session.

    Raise `ApiError` if a coupon does not exist, or if a discount is a promotion code.
    """
    for index, discount in enumerate(discounts):
        path = f"discounts[{index}]"
        if "promotion_code" in discount:
            code = discount["promotion_code"]
            raise resource_missing(
                "promotion code", code, param=f"{path}[promotion_code]", status=400
            )
        coupon = account.get("coupon", discount["coupon"], param=f"{path}[coupon]", status=400)
        session["discounts"].append({"coupon": coupon["id"], "promotion_code": None})


def _allocate_discount(account: Account, session: Object, subtotal: int) -> int:
    """Distribute a session's discount over its line items, and return the total discount.

    The last line item gets the rounding difference.
    """
    if not session["discounts"]:
        return 0
    coupon = account.get("coupon", session["discounts"][0]["coupon"])
    discount = left = discount_amount(coupon, subtotal)
    lines = session["_"]["line_items"]
    for line in lines:
        is_last = line is lines[-1]
        share = left if is_last else discount * line["amount_subtotal"] // max(subtotal, 1)
        left -= share
        line.update(amount_discount=share, amount_total=line["amount_subtotal"] - share)
    return discount
