"""The Checkout Session in Stripe's format."""

import secrets
from typing import Any
from urllib.parse import quote

from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id, random_token

URL_LENGTH = 333
BANK_DEBITS = {
    "aud": "au_becs_debit",
    "cad": "acss_debit",
    "eur": "sepa_debit",
    "gbp": "bacs_debit",
    "usd": "us_bank_account",
}

# Returned with the value of the parameter, or null.
ECHOED = (
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "billing_address_collection",
    "branding_settings",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "customer_email",
    "excluded_payment_method_types",
    "integration_identifier",
    "locale",
    "name_collection",
    "origin_context",
    "permissions",
    "saved_payment_method_options",
    "shipping_address_collection",
    "submit_type",
    "success_url",
    "wallet_options",
)
# Null: they belong to other modes, or to features that the sandbox does not support.
NULL_FIELDS = (
    "client_secret",
    "collected_information",
    "consent",
    "currency_conversion",
    "customer",
    "customer_account",
    "customer_details",
    "invoice",
    "managed_payments",
    "payment_intent",
    "payment_link",
    "payment_method_configuration_details",
    "presentment_details",
    "recovered_from",
    "return_url",
    "setup_intent",
    "subscription",
)


def build_session(params: Object, *, currency: str, created: int, base_url: str) -> Object:
    """Return a new, open session without line items and amounts."""
    id = new_id("cs_test", 58)
    return {
        "id": id,
        "object": "checkout.session",
        **dict.fromkeys(NULL_FIELDS),
        **{name: params.get(name) for name in ECHOED},
        **_build_settings(params),
        "created": created,
        "currency": currency,
        "expires_at": params.get("expires_at", created + 24 * 60 * 60),
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "mode": "payment",
        "payment_method_types": payment_method_types(params, currency),
        "payment_status": "unpaid",
        "status": "open",
        "ui_mode": "hosted_page",
        "url": _payment_page_url(base_url, id),
        "_": {
            "line_items": [],
            "payment_intent_data": params.get("payment_intent_data", {}),
            "shipping_rate": None,
        },
    }


def payment_method_types(params: Object, currency: str) -> list[str]:
    """Return the types of payment method that a new session offers.

    The default is cards and the bank debit of the currency.
    """
    asked = params.get("payment_method_types") or params.get("allowed_payment_method_types")
    types = asked or ["card", BANK_DEBITS.get(currency, "sepa_debit")]
    return [type for type in types if type not in params.get("excluded_payment_method_types", [])]


def _build_settings(params: Object) -> Object:
    """Return the settings of a session, from its parameters or from their defaults."""
    tax = params.get("automatic_tax", {}).get("enabled", False)
    recovery = params.get("after_expiration", {}).get("recovery")
    return {
        "adaptive_pricing": {"enabled": params.get("adaptive_pricing", {}).get("enabled", True)},
        "after_expiration": recovery and {"recovery": _build_recovery(recovery)},
        "automatic_tax": {
            "enabled": tax,
            "liability": {"type": "self"} if tax else None,
            "provider": "stripe" if tax else None,
            "status": "requires_location_inputs" if tax else None,
        },
        "custom_fields": params.get("custom_fields", []),
        "custom_text": _build_custom_text(params.get("custom_text", {})),
        "customer_creation": params.get("customer_creation", "if_required"),
        "discounts": [],
        "invoice_creation": _build_invoice_creation(params.get("invoice_creation", {})),
        "optional_items": [],
        "payment_method_collection": "if_required",
        "payment_method_options": params.get("payment_method_options", {}),
        "phone_number_collection": {
            "enabled": params.get("phone_number_collection", {}).get("enabled", False)
        },
        "redirect_on_completion": "always",
        "shipping_cost": None,
        "shipping_options": [],
        "tax_id_collection": {
            "enabled": params.get("tax_id_collection", {}).get("enabled", False),
            "required": params.get("tax_id_collection", {}).get("required", "never"),
        },
    }


def _build_recovery(data: Object) -> Object:
    """Return the settings for recovering a session that has expired."""
    return {
        "allow_promotion_codes": data.get("allow_promotion_codes", False),
        "enabled": data["enabled"],
        "expires_at": None,
        "url": None,
    }


def _build_custom_text(data: Object) -> Object:
    """Return the texts that the merchant adds to a session's payment page."""
    names = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    return {name: data.get(name) or None for name in names}


def _build_invoice_creation(data: Object) -> Object:
    """Return a session's settings for creating an invoice."""
    given: dict[str, Any] = data.get("invoice_data", {})
    return {
        "enabled": data.get("enabled", False),
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": given.get("description"),
            "footer": given.get("footer"),
            "issuer": None,
            "metadata": given.get("metadata", {}),
            "rendering_options": None,
        },
    }


def _payment_page_url(base_url: str, id: str) -> str:
    """Return the URL of a session's payment page.

    The URL is as long as Stripe's URLs. It has a fragment that clients must not remove.
    """
    address = f"{base_url}/c/pay/{id}#"
    fragment = quote(secrets.token_urlsafe(48) + "/'=" + random_token(12), safe="")
    return address + (fragment + random_token(URL_LENGTH))[: max(URL_LENGTH - len(address), 40)]
