"""The states of records and the moves between them."""
