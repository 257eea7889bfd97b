from django.urls import include, path

from tests.hosts.own_admin.admin import office
from tests.urls import storefront

urlpatterns = [
    path("", storefront, name="storefront"),
    path("shop/", include("django_stripe_cart.urls")),
    path("stripe/webhook/", include("django_stripe_cart.webhook_urls")),
    path("accounts/", include("django.contrib.auth.urls")),
    path("office/", office.urls),
]
