"""Template context of a Checkout Session: merchant, line items and totals."""

from typing import Any
from urllib.parse import urlsplit

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.currencies import format_amount
from django_stripe_cart.sandbox.http import Object


def summarize(account: Account, session: Object) -> dict[str, Any]:
    """Return the template context of a session: merchant, line items, totals and shipping."""
    currency, details = session["currency"], session["total_details"]
    return {
        "id": session["id"],
        "merchant": merchant_name(account, session),
        "lines": [_line_context(line) for line in session["_"]["line_items"]],
        "subtotal": format_amount(session["amount_subtotal"], currency),
        "discount": details["amount_discount"]
        and format_amount(details["amount_discount"], currency),
        "shipping": session["shipping_cost"]
        and format_amount(details["amount_shipping"], currency),
        "total": format_amount(session["amount_total"], currency),
        "is_free": session["amount_total"] == 0,
        "shipping_options": [
            _shipping_option_context(account, session, o) for o in session["shipping_options"]
        ],
        "cancel_url": session["cancel_url"] or "",
        "submit_text": (session["custom_text"]["submit"] or {}).get("message", ""),
    }


def merchant_name(account: Account, session: Object) -> str:
    """Return the merchant's name for a page. The default is the host of the success URL."""
    branding = session["branding_settings"] or {}
    host = urlsplit(session["success_url"]).netloc
    return str(branding.get("display_name") or account.name or host)


def _line_context(line: Object) -> dict[str, str]:
    """Return the template context of a line item."""
    name, currency = line["description"], line["currency"]
    return {
        "name": name,
        "initial": name[:1].upper(),
        "quantity": str(line["quantity"]),
        "each": format_amount(line["price"]["unit_amount"], currency)
        if line["quantity"] > 1
        else "",
        "total": format_amount(line["amount_subtotal"], currency),
    }


def _shipping_option_context(account: Account, session: Object, option: Object) -> dict[str, Any]:
    """Return the template context of a shipping option."""
    rate = account.get("shipping_rate", option["shipping_rate"])
    return {
        "id": rate["id"],
        "name": rate["display_name"],
        "amount": format_amount(rate["fixed_amount"]["amount"], session["currency"]),
        "is_chosen": rate["id"] == session["shipping_cost"]["shipping_rate"],
    }
