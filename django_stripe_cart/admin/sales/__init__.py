"""The sales page: figures and a chart of what was sold, by day and currency."""

from django_stripe_cart.admin.sales.report import read_sales
from django_stripe_cart.admin.sales.view import sales_view

__all__ = ["read_sales", "sales_view"]
