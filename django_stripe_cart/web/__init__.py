"""HTTP: views, forms, responses and JSON of the shop's pages."""
