"""The endpoints of the API, grouped by resource."""
