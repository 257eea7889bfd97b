import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
# Read, not imported: the package needs Django, which is not there while it is being built.
VERSION = re.search(
    r'^__version__ = "([^"]+)"', (HERE / "django_stripe_cart/__init__.py").read_text(), re.M
)[1]
TESTING = ["factory-boy>=3.3.3", "pytest>=8.3", "pytest-django>=4.11"]
DEMO = ["dj-database-url>=2.2", "django-bootstrap-static>=5.3"]

setup(
    name="django-stripe-cart",
    version=VERSION,
    description="Cart, orders and Stripe Checkout for any Django project",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="django-stripe-cart contributors",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=find_packages(include=["django_stripe_cart", "django_stripe_cart.*"]),
    package_data={
        "": ["py.typed", "templates/**/*", "static/**/*", "locale/**/*.po", "locale/**/*.mo"]
    },
    zip_safe=False,
    install_requires=[
        "Django>=5.2,<6.2",
        "stripe>=13,<17",
        "django-fsm-2>=4.1",
        "django-model-utils>=5",
        "Pillow>=10",
    ],
    extras_require={
        "demo": DEMO,
        "mysql": ["mysqlclient>=2.2"],
        "postgres": ["psycopg[binary]>=3.2"],
        "test": [
            *DEMO,
            *TESTING,
            "axe-playwright-python>=0.1.4",
            "django-csp>=4",
            "gunicorn>=27",
            "hypothesis>=6.100",
            "playwright>=1.50",
            "pytest-cov>=6",
            "pytest-xdist>=3.6",
            "pyyaml>=6",
            "whitenoise>=6.9",
        ],
        "testing": TESTING,
    },
    keywords=["cart", "checkout", "django", "e-commerce", "orders", "payments", "stripe"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Web Environment",
        "Framework :: Django",
        "Framework :: Django :: 5.2",
        "Framework :: Django :: 6.0",
        "Framework :: Django :: 6.1",
        "Intended Audience :: Developers",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Office/Business :: Financial :: Point-Of-Sale",
        "Typing :: Typed",
    ],
)
