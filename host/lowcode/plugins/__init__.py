"""Plugins at start: found, checked, imported, their hooks held to what they declare."""
