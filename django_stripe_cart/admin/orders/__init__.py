"""Orders in the admin: the list, the page of an order, and the actions on it."""
