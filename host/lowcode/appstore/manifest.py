"""The few lines of a manifest and the entry point that the store reads without importing the plugin."""

from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from lowcode.declare.names import NAME
from lowcode.declare.problems import Report, Spot
from lowcode.declare.reader import read
from lowcode.errors import Refused
from lowcode.i18n import _
from lowcode.version import HOST_API

GROUP = "lowcode.plugins"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the store shows of a plugin; `version` is in its normal form."""

    plugin: str
    label: str
    summary: str
    version: str
    host_api: str


def read_manifest(data: bytes, file: str) -> Manifest:
    """Read a manifest by the rules of all declarations; raises `Refused` with the first fault."""
    report = Report()
    node = read(data, Spot(report, file))
    if report.problems or node is None or not isinstance(node.value, dict):
        raise Refused(str(report.sorted()[0]), code="manifest_refused")
    texts: dict[str, str] = {}
    for name in ("plugin", "label", "version", "host_api", "summary"):
        found = node.value.get(name)
        value = found.value if found else ("" if name == "summary" else None)
        if not isinstance(value, str) or not (value or name == "summary"):
            raise _fault(file, found.line if found else 1, name, _("需要一段文字；数字请加引号"))
        texts[name] = value
    if not NAME.fullmatch(texts["plugin"]):
        raise _fault(
            file, node.value["plugin"].line, "plugin", _("应为小写字母开头的短名称，只含小写字母、数字和下划线")
        )
    texts["version"] = _version(file, node.value["version"].line, texts["version"])
    try:
        SpecifierSet(texts["host_api"])
    except InvalidSpecifier as fault:
        raise _fault(file, node.value["host_api"].line, "host_api", _("应为版本范围，例如 >=1.0,<2")) from fault
    return Manifest(**texts)


def _version(file: str, line: int, text: str) -> str:
    try:
        return str(Version(text))
    except InvalidVersion as fault:
        raise _fault(file, line, "version", _("应为版本号，例如 1.0.0")) from fault


def _fault(file: str, line: int, path: str, message: str) -> Refused:
    return Refused(f"{file}:{line} {path}: {message}", code="manifest_refused")


def entry_point(text: str) -> tuple[str, str]:
    """Find the plugin's one entry point, as (name, module), in the text of `entry_points.txt`."""
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except ConfigError as fault:
        raise Refused(_("entry_points.txt 写法有误"), code="entry_point") from fault
    if any(parser[group] for group in parser.sections() if group.endswith("_scripts")):
        raise Refused(_("插件不能安装命令行脚本；请删除 console_scripts"), code="entry_point")
    points = dict(parser[GROUP]) if parser.has_section(GROUP) else {}
    if len(points) != 1:
        raise Refused(
            _("需要一个 {group} 入口点，实际有 {count} 个", group=GROUP, count=len(points)), code="entry_point"
        )
    ((name, target),) = points.items()
    module = target.strip()
    if not all(part.isidentifier() for part in module.split(".")):
        raise Refused(_("入口点应当指向一个模块，例如 {name} = my_package.plugin", name=name), code="entry_point")
    return name.strip(), module


def fits(host_api: str) -> bool:
    """Tell whether a plugin's range of host versions holds this host."""
    return SpecifierSet(host_api).contains(HOST_API, prereleases=True)
