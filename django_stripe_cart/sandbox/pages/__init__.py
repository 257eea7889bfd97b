"""The sandbox's HTML pages: the payment page, the receipt and the dashboard."""
