"""Characters that no text may hold, whoever types it."""

CONTROLS_OF_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates: with them one name is shown as another."""

LINE_BREAKS = frozenset("\u2028\u2029")
PLANE_END = 0xFFFE


def is_noncharacter(character: str) -> bool:
    """Tell whether Unicode keeps a code point for no character at all; files made of such texts cannot be opened."""
    code = ord(character)
    return code & PLANE_END == PLANE_END or 0xFDD0 <= code <= 0xFDEF


def is_legal_in_xml(character: str) -> bool:
    """Tell whether XML 1.0 takes a character."""
    code = ord(character)
    return character in "\t\n\r" or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
