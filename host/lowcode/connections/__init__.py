"""Other systems: signed messages that they push to us, and questions that we ask them."""
