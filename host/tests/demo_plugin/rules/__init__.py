"""Rules: one module for each form of the same name."""
