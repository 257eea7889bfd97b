"""The parameters that create a Checkout Session."""

from django_stripe_cart.sandbox import api_versions
from django_stripe_cart.sandbox.parameters import (
    EXPAND,
    Amount,
    Anything,
    Boolean,
    Currency,
    Email,
    Hash,
    Integer,
    ListOf,
    Metadata,
    OneOf,
    Parameter,
    Text,
    Url,
)

MAX_LINE_ITEMS, MAX_IMAGES, MAX_SHIPPING_OPTIONS = 100, 8, 5
LOCALES = (
    "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt"
    " nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW"
)
ENABLED = Hash({"enabled": Boolean()}, required=["enabled"])
MESSAGE = Hash({"message": Text(1200)}, required=["message"])

PRODUCT_DATA = Hash(
    {
        "name": Text(),
        "description": Text(40_000),
        "images": ListOf(Url(https_only=True, max_length=2048), maximum=MAX_IMAGES),
        "metadata": Metadata(),
        "tax_code": Text(),
        "tax_details": Anything(),
        "unit_label": Text(12),
    },
    required=["name"],
)
PRICE_DATA = Hash(
    {
        "currency": Currency(),
        "unit_amount": Amount(),
        "unit_amount_decimal": Text(),
        "product": Text(),
        "product_data": PRODUCT_DATA,
        "recurring": Anything(),
        "tax_behavior": OneOf(["exclusive", "inclusive", "unspecified"]),
    },
    required=["currency"],
)
LINE_ITEM = Hash(
    {
        "price": Text(),
        "price_data": PRICE_DATA,
        "quantity": Integer(minimum=1, maximum=999_999),
        "adjustable_quantity": Hash(
            {
                "enabled": Boolean(),
                "minimum": Integer(minimum=0, maximum=999_999),
                "maximum": Integer(minimum=1, maximum=999_999),
            },
            required=["enabled"],
        ),
        "metadata": Metadata(),
        "tax_rates": ListOf(Text()),
    }
)
SHIPPING_RATE_DATA = Hash(
    {
        "display_name": Text(100),
        "type": OneOf(["fixed_amount"]),
        "fixed_amount": Hash(
            {"amount": Amount(), "currency": Currency(), "currency_options": Anything()},
            required=["amount", "currency"],
        ),
        "delivery_estimate": Anything(),
        "metadata": Metadata(),
        "tax_behavior": OneOf(["exclusive", "inclusive", "unspecified"]),
        "tax_code": Text(),
    },
    required=["display_name", "fixed_amount"],
)
PAYMENT_INTENT_DATA = Hash(
    {
        "capture_method": OneOf(["automatic", "automatic_async", "manual"]),
        "description": Text(1000),
        "metadata": Metadata(),
        "receipt_email": Email(),
        "setup_future_usage": OneOf(["off_session", "on_session"]),
        "shipping": Anything(),
        "statement_descriptor": Text(22),
        "statement_descriptor_suffix": Text(22),
        "transfer_group": Text(),
    }
)
# Accepted, without any effect in the sandbox.
IGNORED = (
    "branding_settings",
    "custom_fields",
    "customer_update",
    "managed_payments",
    "name_collection",
    "optional_items",
    "payment_method_collection",
    "payment_method_configuration",
    "payment_method_data",
    "payment_method_options",
    "permissions",
    "redirect_on_completion",
    "return_url",
    "saved_payment_method_options",
    "setup_intent_data",
    "subscription_data",
    "wallet_options",
)
FIELDS: dict[str, Parameter] = {
    **dict.fromkeys(IGNORED, Anything()),
    "adaptive_pricing": Hash({"enabled": Boolean()}),
    "after_expiration": Hash(
        {
            "recovery": Hash(
                {"enabled": Boolean(), "allow_promotion_codes": Boolean()}, required=["enabled"]
            )
        }
    ),
    "allow_promotion_codes": Boolean(),
    "allowed_payment_method_types": ListOf(Text()),
    "automatic_tax": Hash({"enabled": Boolean(), "liability": Anything()}, required=["enabled"]),
    "billing_address_collection": OneOf(["auto", "required"]),
    "cancel_url": Url(),
    "client_reference_id": Text(200),
    "consent_collection": Hash(
        {
            "promotions": OneOf(["auto", "none"]),
            "terms_of_service": OneOf(["none", "required"]),
            "payment_method_reuse_agreement": Anything(),
        }
    ),
    "currency": Currency(),
    "custom_text": Hash(
        dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance"), MESSAGE
        )
    ),
    "customer": Text(),
    "customer_account": Text(),
    "customer_creation": OneOf(["always", "if_required"]),
    "customer_email": Email(),
    "discounts": ListOf(Hash({"coupon": Text(), "promotion_code": Text()}), maximum=1),
    "excluded_payment_method_types": ListOf(Text()),
    "expand": EXPAND,
    "expires_at": Integer(),
    "integration_identifier": Text(200),
    "invoice_creation": Hash(
        {"enabled": Boolean(), "invoice_data": Anything()}, required=["enabled"]
    ),
    "line_items": ListOf(LINE_ITEM, maximum=MAX_LINE_ITEMS),
    "locale": OneOf(LOCALES.split()),
    "metadata": Metadata(),
    "mode": OneOf(["payment", "setup", "subscription"]),
    "origin_context": OneOf(["mobile_app", "web"]),
    "payment_intent_data": PAYMENT_INTENT_DATA,
    "phone_number_collection": ENABLED,
    "shipping_address_collection": Hash(
        {"allowed_countries": ListOf(Text(2))}, required=["allowed_countries"]
    ),
    "shipping_options": ListOf(
        Hash({"shipping_rate": Text(), "shipping_rate_data": SHIPPING_RATE_DATA}),
        maximum=MAX_SHIPPING_OPTIONS,
    ),
    "submit_type": OneOf(["auto", "book", "donate", "pay", "subscribe"]),
    "success_url": Url(),
    "tax_id_collection": Hash(
        {"enabled": Boolean(), "required": OneOf(["if_supported", "never"])}, required=["enabled"]
    ),
}


def parameters_for_creation(version: str) -> Hash:
    """Return the parameters that an API version accepts for creating a session."""
    fields = {**FIELDS, "ui_mode": OneOf(api_versions.allowed_ui_modes(version))}
    if not api_versions.is_since(version, api_versions.PAYMENT_METHOD_TYPES_REMOVED):
        fields["payment_method_types"] = ListOf(Text())
    return Hash(fields, required=["mode"])
