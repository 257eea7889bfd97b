"""What people see: the payment page, the receipt, and the desk to play the bank from."""
