"""Stripe's provider of django-payments, told to name the lines as the other shops do."""

from dataclasses import asdict

from payments.stripe import StripeProviderV3
from payments.stripe.providers import StripeLineItem, StripePriceData, StripeProductData


class Provider(StripeProviderV3):
    def get_line_items(self, payment):
        return [
            asdict(
                StripeLineItem(
                    quantity=item.quantity,
                    price_data=StripePriceData(
                        currency=item.currency.lower(),
                        unit_amount=self.convert_amount(item.currency, item.price),
                        product_data=StripeProductData(name=item.name),
                    ),
                )
            )
            for item in payment.get_purchased_items()
        ]
