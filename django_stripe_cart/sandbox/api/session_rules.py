"""Checks that involve more than one parameter of a new Checkout Session."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.currencies import check_representable
from django_stripe_cart.sandbox.errors import ApiError, parameter_missing, resource_missing
from django_stripe_cart.sandbox.http import Object

MIN_LIFETIME, MAX_LIFETIME = 30 * 60, 24 * 60 * 60


def check_session(account: Account, params: Object) -> None:
    """Raise `ApiError` if Stripe or the sandbox cannot create a session with these parameters."""
    _check_mode(params)
    _check_expiry(params, account.clock.now())
    for index, item in enumerate(params["line_items"]):
        _check_line_item(item, f"line_items[{index}]")
    _check_currencies(params)
    if "customer" in params:
        raise resource_missing("customer", params["customer"], param="customer", status=400)
    if params.get("discounts") and "allow_promotion_codes" in params:
        raise ApiError(
            "You may only specify one of these parameters: allow_promotion_codes, discounts."
        )


def _check_mode(params: Object) -> None:
    """Raise `ApiError` if a required parameter is missing, or if the mode is not supported.

    The sandbox supports only one-time payments on Stripe's own page, with immediate capture.
    """
    if params["mode"] != "payment":
        raise ApiError("The sandbox only plays sessions with mode=payment.", param="mode")
    if params.get("ui_mode") not in (None, "hosted", "hosted_page"):
        raise ApiError("The sandbox only plays the hosted payment page.", param="ui_mode")
    if params.get("payment_intent_data", {}).get("capture_method") == "manual":
        raise ApiError(
            "The sandbox only plays payments that are captured at once.",
            param="payment_intent_data[capture_method]",
        )
    for required in ("success_url", "line_items"):
        if not params.get(required):
            raise parameter_missing(required)


def _check_expiry(params: Object, now: int) -> None:
    """Raise `ApiError` if `expires_at` is less than 30 minutes or more than 24 hours from now."""
    if "expires_at" not in params:
        return
    if params["expires_at"] < now + MIN_LIFETIME:
        raise ApiError(
            "The `expires_at` timestamp must be at least 30 minutes from now.", param="expires_at"
        )
    if params["expires_at"] > now + MAX_LIFETIME:
        raise ApiError(
            "The `expires_at` timestamp must be less than 24 hours from now.", param="expires_at"
        )


def _check_line_item(item: Object, path: str) -> None:
    """Raise `ApiError` if a line item has no quantity, no price data or no product data.

    `path` is the name of the line item in error messages.
    """
    if "price" in item:
        raise resource_missing("price", item["price"], param=f"{path}[price]", status=400)
    if "price_data" not in item:
        raise parameter_missing(f"{path}[price_data]")
    if "quantity" not in item:
        raise parameter_missing(f"{path}[quantity]")
    data, path = item["price_data"], f"{path}[price_data]"
    if "recurring" in data:
        raise ApiError(
            "A recurring price cannot be used with mode=payment.", param=f"{path}[recurring]"
        )
    if "product" in data:
        raise resource_missing("product", data["product"], param=f"{path}[product]", status=400)
    for required in ("product_data", "unit_amount"):
        if required not in data:
            raise parameter_missing(f"{path}[{required}]")
    check_representable(data["unit_amount"], data["currency"], param=f"{path}[unit_amount]")


def _check_currencies(params: Object) -> None:
    """Raise `ApiError` if the line items and shipping options are not all in one currency."""
    currencies = {item["price_data"]["currency"] for item in params["line_items"]}
    currencies |= {
        option["shipping_rate_data"]["fixed_amount"]["currency"]
        for option in params.get("shipping_options", [])
        if "shipping_rate_data" in option
    }
    if "currency" in params:
        currencies.add(params["currency"])
    if len(currencies) > 1:
        raise ApiError(
            "All line items of a Checkout Session must have the same currency.", param="line_items"
        )
