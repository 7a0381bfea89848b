"""Check the manifest: release, roles, numbering, menu, panels, settings, jobs, notifications."""

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from lowcode.declare.check_fields import MOMENTS
from lowcode.declare.check_forms import check_loose
from lowcode.declare.model import Job, MenuEntry, Numbering, Plugin
from lowcode.declare.names import HOST_KINDS, RESERVED_PLUGINS, RESERVED_ROLES, check_name
from lowcode.declare.problems import Spot, hint, quote
from lowcode.declare.scene import Scene

NO_SETTING = ("ref", "image", "files", "lines")
LONGEST_PATTERN = 60
DATE_PARTS = {"never": (), "year": ("year",), "month": ("year", "mm"), "day": ("year", "mm", "dd")}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SEQUENCE = re.compile(r"seq:0([1-9]|1[0-6])")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def check_manifest(scene: Scene) -> None:
    """Report every fault of the manifest."""
    plugin, spot = scene.plugin, scene.manifest
    _check_release(plugin, spot)
    for role in plugin.roles:
        check_name(role, spot / "roles" / role)
        if role in RESERVED_ROLES:
            message = f"The role '{role}' belongs to the host. Grant access to it without declaring it, or rename it."
            (spot / "roles" / role).fault("E503", message)
    for name, rule in plugin.numbering.items():
        _check_numbering(rule, spot / "numbering" / name / "pattern")
    for name, panel in plugin.panels.items():
        scene.roles(panel.roles, spot / "panels" / name / "roles")
    for index, entry in enumerate(plugin.menu):
        _check_entry(entry, (spot / "menu")[index], scene)
    for name, setting in plugin.settings.items():
        at = spot / "settings" / name
        if setting.type in NO_SETTING:
            (at / "type").fault(
                "E509", f"A setting cannot be of the type '{setting.type}'. Choose a type with one value."
            )
        if (
            setting.type in MOMENTS
            and setting.default is not None
            and MOMENTS[setting.type].fullmatch(str(setting.default))
        ):
            (at / "default").fault("E216", "A setting is the same for everybody and every day. Write a constant.")
        check_loose(setting, plugin.settings, at, scene)
    for name, job in plugin.jobs.items():
        _check_job(job, spot / "jobs" / name)
    for kind in plugin.notifications:
        check_name(kind, spot / "notifications" / kind)
        if kind in HOST_KINDS:
            message = f"The host sends notifications of the kind '{kind}' itself. Choose another name."
            (spot / "notifications" / kind).fault("E511", message)


def _check_release(plugin: Plugin, spot: Spot) -> None:
    if plugin.name in RESERVED_PLUGINS:
        (spot / "plugin").fault("E510", f"The name '{plugin.name}' belongs to the host. Choose another name.")
    try:
        Version(plugin.version or "0")
    except InvalidVersion:
        (spot / "version").fault("E501", f"{quote(plugin.version)} is not a release number. Write one such as 1.2.0.")
    try:
        SpecifierSet(plugin.host_api)
    except InvalidSpecifier:
        message = f"{quote(plugin.host_api)} is not a version range. Write one such as '>=1.0,<2'."
        (spot / "host_api").fault("E502", message)


def _check_numbering(rule: Numbering, spot: Spot) -> None:
    if not rule.pattern:
        return
    if len(rule.pattern) > LONGEST_PATTERN:
        spot.fault("E504", f"The pattern is longer than {LONGEST_PATTERN} characters. Shorten it.")
        return
    parts = _PLACEHOLDER.findall(rule.pattern)
    for part in parts:
        if part not in ("yyyy", "yy", "mm", "dd") and not _SEQUENCE.fullmatch(part):
            message = (
                f"{{{part}}} is not a placeholder. Use {{yyyy}}, {{yy}}, {{mm}}, {{dd}} and {{seq:01}} to {{seq:016}}."
            )
            spot.fault("E504", message)
    if sum(part.startswith("seq") for part in parts) != 1:
        spot.fault("E504", "The pattern needs exactly one running number. Write {seq:04} once.")
    if set(_PLACEHOLDER.sub("", rule.pattern)) & {"{", "}"}:
        spot.fault("E504", "A brace stands alone in the pattern. Close it, or remove it.")
    present = {"year" if part in ("yyyy", "yy") else part for part in parts}
    lacking = [part for part in DATE_PARTS.get(rule.reset, ()) if part not in present]
    if lacking:
        words = ", ".join("{yyyy}" if part == "year" else f"{{{part}}}" for part in lacking)
        message = (
            f"Counting restarts each {rule.reset}, so the same number would come again. Add {words} to the pattern."
        )
        spot.fault("E505", message)


def _check_entry(entry: MenuEntry, spot: Spot, scene: Scene) -> None:
    if (entry.list is None) == (entry.panel is None):
        spot.fault("E506", "A menu entry opens either a `list` or a `panel`. Write one of them.")
        return
    plugin = scene.plugin
    if entry.panel is not None:
        if entry.panel not in plugin.panels:
            near = hint(entry.panel, plugin.panels)
            (spot / "panel").fault("E507", f"{quote(entry.panel)} is not a declared panel.{near} Add it to `panels:`.")
        return
    form, _, name = (entry.list or "").partition("/")
    if f"forms/{form}" in scene.broken:
        return
    lists = [f"{each.name}/{view}" for each in plugin.forms.values() for view in each.lists]
    if f"{form}/{name}" not in lists:
        near = hint(entry.list or "", lists)
        (spot / "list").fault("E507", f"{quote(entry.list or '')} is not a declared list.{near} Write `form/list`.")


def _check_job(job: Job, spot: Spot) -> None:
    if job.at is None:
        return
    if not _TIME.fullmatch(job.at):
        (spot / "at").fault("E508", f'{quote(job.at)} is not a time of day. Write it as "02:30".')
    if job.every != "day":
        (spot / "at").fault("E508", "'at' belongs to jobs that run every day. Remove it, or write `every: day`.")
