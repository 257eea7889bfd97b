from django.contrib.admin.sites import AdminSite

from django_stripe_cart.admin import register

office = AdminSite(name="office")
register(office)
