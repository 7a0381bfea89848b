"""How the model says what one YAML key means."""

from dataclasses import MISSING, field
from typing import Any


def key(
    doc: str,
    default: Any = MISSING,
    *,
    from_key: bool = False,
    one_of: tuple[str, ...] = (),
    yaml: str = "",
    role: str = "",
) -> Any:
    """Declare one YAML key: its sentence in the reference, its default, the words it accepts.

    `from_key` takes the value from the key of the surrounding mapping; `yaml` is the word in the file
    where it is not the attribute's name. `role` is `name` (an identifier), `code` (what records store),
    `pairs` (a list of names stands for name: name), `rest` (takes all other keys) or `loader` (never
    written in a file).
    """
    metadata = {"doc": doc, "from_key": from_key, "one_of": one_of, "yaml": yaml, "role": role}
    if isinstance(default, (dict, list)):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata)
