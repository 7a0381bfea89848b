"""Business rules: one module for each form of the same name, with functions named after the hooks."""
