"""The JSON interface: one blueprint for each noun."""
