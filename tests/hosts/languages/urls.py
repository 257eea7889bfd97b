from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from tests.urls import storefront

urlpatterns = [
    path("stripe/webhook/", include("django_stripe_cart.webhook_urls")),
    *i18n_patterns(
        path("", storefront, name="storefront"),
        path("shop/", include("django_stripe_cart.urls")),
        path("accounts/", include("django.contrib.auth.urls")),
        path("admin/", admin.site.urls),
    ),
]
