"""A project with only an admin site of its own."""

from django.contrib.admin import AdminSite
from django.urls import include, path

from django_stripe_cart.admin import register

office = AdminSite(name="office")
register(office)

urlpatterns = [
    path("shop/", include("django_stripe_cart.urls")),
    path("stripe/webhook/", include("django_stripe_cart.webhook_urls")),
    path("accounts/", include("django.contrib.auth.urls")),
    path("back/office/", office.urls),
]
