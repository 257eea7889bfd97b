"""The endpoints of the API, by resource."""
