"""What all cross checks share: the plugin, the report, and look-ups that know what was already reported."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from lowcode.declare.fields import Field, Scope, Where
from lowcode.declare.model import Form, Plugin
from lowcode.declare.problems import Report, Spot, hint, quote
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.forms import HOST_FIELDS

NAMEABLE = ("id", "created_at", "created_by", "updated_at", "updated_by")
"""The host's fields that lists and conditions may name."""

Fields = Mapping[str, Field]


@dataclass(slots=True)
class Scene:
    """One plugin under check. `broken` names files that could not be built, such as `forms/visit`."""

    plugin: Plugin
    report: Report
    broken: frozenset[str] = frozenset()
    _fields: dict[str, dict[str, Field]] = field(default_factory=dict)

    @property
    def manifest(self) -> Spot:
        """The manifest as a place."""
        return Spot(self.report, "manifest.yaml")

    def file(self, name: str) -> Spot:
        """Return a file as a place."""
        return Spot(self.report, name)

    def fields_of(self, form: Form) -> Fields:
        """Return the fields a list or condition of the form may name: declared ones and the host's."""
        if form.name not in self._fields:
            fields = {name: HOST_FIELDS[name] for name in NAMEABLE}
            if form.number:
                fields["number"] = Field(name="number", label=form.number_label, type="text")
            if form.workflow:
                fields["status"] = Field(name="status", label="", type="choice")
            if form.owner:
                fields["owner_department"] = Field(name="owner_department", label="", type="department")
            self._fields[form.name] = fields | dict(form.fields)
        return self._fields[form.name]

    def states_of(self, form: Form) -> Collection[str]:
        """Return the words `status` may hold."""
        workflow = self.plugin.workflows.get(form.workflow or "")
        return workflow.states if workflow else ()

    def form(self, name: str, spot: Spot) -> Form | None:
        """Return a form, or report that it is not declared."""
        found = self.plugin.forms.get(name)
        if found is None and name and f"forms/{name}" not in self.broken:
            spot.fault("E203", f"{quote(name)} is not a declared form.{hint(name, self.plugin.forms)} {FORMS}")
        return found

    def dictionary(self, name: str, spot: Spot) -> None:
        """Report a dictionary that is not declared."""
        if name and name not in self.plugin.dictionaries and f"dictionaries/{name}" not in self.broken:
            near = hint(name, self.plugin.dictionaries)
            spot.fault(
                "E205", f"{quote(name)} is not a declared dictionary.{near} Declare it in dictionaries/{name}.yaml."
            )

    def roles(self, names: Iterable[str], spot: Spot, also: Iterable[str] = ()) -> None:
        """Report roles that are neither in the manifest nor `admin` nor among the other words."""
        known = [*self.plugin.roles, "admin", *also]
        for name in names:
            if name not in known:
                spot.fault(
                    "E218", f"{quote(name)} is not a declared role.{hint(name, known)} Roles stand in manifest.yaml."
                )


FORMS = "Forms are declared in forms/<name>.yaml."


def conditions_of(where: Where | Scope, spot: Spot) -> Iterable[tuple[Mapping[str, object], Spot]]:
    """Give the mappings of a condition, each with its place."""
    if isinstance(where, Mapping):
        yield where, spot
    elif isinstance(where, tuple):
        for index, each in enumerate(where):
            if isinstance(each, Mapping):
                yield each, spot[index]


def is_known_type(declared: Field) -> bool:
    """Whether checks that depend on the type make sense."""
    return declared.type in FIELD_TYPES
