"""A Content-Security-Policy that allows this site and nothing else."""

import django

from tests.hosts.base import *  # noqa: F403

POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "form-action": ["'self'", "https://checkout.stripe.com"],
}
if django.VERSION >= (6, 0):
    MIDDLEWARE += ["django.middleware.csp.ContentSecurityPolicyMiddleware"]  # noqa: F405
    SECURE_CSP = POLICY
else:
    INSTALLED_APPS += ["csp"]  # noqa: F405
    MIDDLEWARE += ["csp.middleware.CSPMiddleware"]
    CONTENT_SECURITY_POLICY = {"DIRECTIVES": POLICY}
