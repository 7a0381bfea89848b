"""Judge a wheel before a byte of it is written anywhere.

pip alone installs wheels whose RECORD lies, that overwrite other packages, or that bring a `.pth` file whose code
runs at the next start of Python. A wheel passes here only when it is one pure package that registers one plugin.
"""

import hashlib
import re
import stat
import sys
import zipfile
import zlib
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path, PurePosixPath

from installer.exceptions import InstallerError
from installer.records import parse_record_file
from installer.sources import WheelFile
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from lowcode.appstore.manifest import Manifest, entry_point, read_manifest
from lowcode.errors import Refused
from lowcode.i18n import _
from lowcode.version import HOST_API

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_ENTRIES = 5_000
MAX_UNPACKED_BYTES = 256 * 1024 * 1024
MAX_RATIO = 200
"""How much larger a member may be than its packed form; text packs 5 to 20 times smaller, bombs 1,000 times."""

NATIVE = frozenset({".so", ".pyd", ".dll", ".dylib", ".a", ".o", ".exe"})
HASHES = ("sha256=", "sha384=", "sha512=")
HOST = "lowcode-host"
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    InstallerError,
    KeyError,
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
)
"""What zipfile and installer raise for files that are damaged, encrypted or packed in an unknown way."""


@dataclass(frozen=True, slots=True)
class WheelFacts:
    """What the store knows of one release. `name` is the distribution, `plugin` the name in the manifest.

    `contents` is the digest of what is in the wheel: building the same sources again changes `sha256`, not this.
    """

    name: str
    plugin: str
    label: str
    summary: str
    version: str
    host_api: str
    sha256: str
    contents: str
    file: str
    package: str


def verify(path: Path) -> WheelFacts:
    """Check one wheel and return what it holds; raises `Refused` with a whole sentence. Writes nothing."""
    try:
        name, version = _file_name(path)
        with zipfile.ZipFile(path) as archive:
            package, manifest, contents = _inspect(archive, name)
        if Version(manifest.version) != version:
            raise UnfitError(
                _(
                    "manifest.yaml 写的版本是 {manifest}，安装包的版本是 {version}；请改成一致后重新打包",
                    manifest=manifest.version,
                    version=version,
                ),
            )
        digest = sha256(path)
    except UnfitError as fault:
        raise refusal(path, str(fault)) from fault
    except UNREADABLE as fault:
        raise refusal(path, _broken(fault)) from fault
    return WheelFacts(
        name=name,
        plugin=manifest.plugin,
        label=manifest.label,
        summary=manifest.summary,
        version=str(version),
        host_api=manifest.host_api,
        sha256=digest,
        contents=contents,
        file=path.name,
        package=package,
    )


def _inspect(archive: zipfile.ZipFile, name: str) -> tuple[str, Manifest, str]:
    """Apply all rules to an open wheel, those first that make the next ones safe; give package, manifest, contents."""
    _check_members(archive)
    wheel = WheelFile(archive)
    if not wheel.dist_info_filenames:  # asks for the one dist-info, which validate_record would not name
        raise UnfitError(_("dist-info 目录是空的"))
    wheel.validate_record()
    _check_record(wheel)
    _check_tags(wheel)
    package = _own_package(wheel, archive, name)
    _check_requirements(_headers(wheel, "METADATA"), name)
    record = "\n".join(sorted(wheel.read_dist_info("RECORD").splitlines()))
    return package, _manifest(wheel, archive, package), hashlib.sha256(record.encode()).hexdigest()


class UnfitError(Exception):
    """One reason to refuse, without the name of the wheel."""


def refusal(path: Path, reason: str) -> Refused:
    """Build the answer that names the wheel and the reason."""
    return Refused(_("不能使用安装包 {file}：{reason}。", file=path.name, reason=reason), code="wheel_refused")


def sha256(path: Path) -> str:
    """Compute the digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _broken(fault: Exception) -> str:
    issues = getattr(fault, "issues", None)
    if issues:
        member = re.search(r"([^\s/]+/[^\s,]+)", issues[0].split(".whl", 1)[-1])
        return _("RECORD 与内容不符（{member}），文件可能被改动过", member=member[1] if member else issues[0])
    return _("文件已损坏或不是 wheel（{fault}）", fault=getattr(fault, "reason", fault))


def _file_name(path: Path) -> tuple[str, Version]:
    if path.suffix != ".whl":
        raise UnfitError(_("商店只接受 wheel（.whl），不接受源码包；请先用 python -m build --wheel 打包"))
    try:
        name, version, _build, _tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename as fault:
        raise UnfitError(_("文件名不是 wheel 的格式")) from fault
    if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
        raise UnfitError(_("文件不存在，或大于 {limit} MB", limit=MAX_FILE_BYTES >> 20))
    return name, version


def _check_members(archive: zipfile.ZipFile) -> None:
    """Refuse names that leave the folder, links, bombs and duplicates, before anything is unpacked."""
    members = archive.infolist()
    if len(members) > MAX_ENTRIES:
        raise UnfitError(_("文件多于 {limit} 个", limit=MAX_ENTRIES))
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise UnfitError(_("解压后大于 {limit} MB", limit=MAX_UNPACKED_BYTES >> 20))
    seen: set[str] = set()
    for member in members:
        if member.file_size > 1024 * 1024 and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise UnfitError(_("{member} 的压缩比过高，像是压缩炸弹", member=_shown(member.filename)))
        if not _is_safe(member.orig_filename) or member.filename.casefold() in seen:
            raise UnfitError(_("其中的路径 {member} 不安全", member=_shown(member.orig_filename)))
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or member.flag_bits & 0x1:
            raise UnfitError(_("{member} 不是普通文件", member=_shown(member.filename)))
        seen.add(member.filename.casefold())


def _is_safe(name: str) -> bool:
    parts = name.removesuffix("/").split("/")
    clean = not any(character in name for character in '\\:<>|"?*') and name.isprintable()
    return clean and all(part not in ("", ".", "..") for part in parts)


def _shown(name: str) -> str:
    return ascii(name)[1:-1][:120]


def _check_record(wheel: WheelFile) -> None:
    """Hold every entry of RECORD to the rules of members too: pip trusts it when it uninstalls."""
    for path, digest, _size in parse_record_file(wheel.read_dist_info("RECORD").splitlines()):
        if not _is_safe(path):
            raise UnfitError(_("其中的路径 {member} 不安全", member=_shown(path)))
        if path != f"{wheel.dist_info_dir}/RECORD" and not digest.startswith(HASHES):
            raise UnfitError(_("RECORD 里 {member} 的校验值缺失或算法过弱", member=_shown(path)))


def _check_tags(wheel: WheelFile) -> None:
    headers = _headers(wheel, "WHEEL")
    tags = headers.get_all("Tag") or []
    if headers.get("Root-Is-Purelib") != "true" or not any(tag.startswith(("py3-", "py2.py3-")) for tag in tags):
        raise UnfitError(_("只接受纯 Python 3 的包（py3-none-any）"))
    if any(not tag.endswith("-none-any") for tag in tags):
        raise UnfitError(_("只接受纯 Python 3 的包（py3-none-any）"))


def _headers(wheel: WheelFile, file: str) -> Message:
    return HeaderParser().parsestr(wheel.read_dist_info(file))


def _own_package(wheel: WheelFile, archive: zipfile.ZipFile, name: str) -> str:
    """Return the one top-level package, which nobody else may have."""
    files = [PurePosixPath(member.filename) for member in archive.infolist() if not member.is_dir()]
    for file in files:
        if file.suffix == ".pth" or file.suffix in NATIVE or ".so." in file.name or file.suffix == ".pyc":
            raise UnfitError(_("含有 {member}；插件只能是纯 Python 源码", member=file))
        if file.parts[0].endswith(".data"):
            raise UnfitError(_("含有 {member}；插件不能安装脚本、头文件或数据目录", member=file))
    tops = {file.parts[0] for file in files} - {wheel.dist_info_dir}
    if len(tops) != 1 or not all(len(file.parts) > 1 for file in files):
        raise UnfitError(_("只能有一个顶层包，实际有 {tops}", tops="、".join(sorted(tops)) or _("零个")))
    (package,) = tops
    if PurePosixPath(package, "__init__.py") not in files or not package.isidentifier():
        raise UnfitError(_("顶层包 {package} 没有 __init__.py，或名称不能用作 Python 包名", package=_shown(package)))
    owner = taken_by(package, name)
    if owner:
        raise UnfitError(_("顶层包 {package} 属于 {owner}，不能覆盖", package=package, owner=owner))
    return package


def taken_by(package: str, name: str) -> str | None:
    """Name whoever already has a top-level package, except the distribution `name` itself."""
    folded = package.casefold()
    if folded in {module.casefold() for module in sys.stdlib_module_names} or folded in (
        "sitecustomize",
        "usercustomize",
    ):
        return _("Python 标准库")
    for top, owners in metadata.packages_distributions().items():
        if top.casefold() == folded and any(canonicalize_name(owner) != name for owner in owners):
            return owners[0]
    return HOST if folded == "lowcode" else None


def _check_requirements(headers: Message, name: str) -> None:
    if canonicalize_name(headers["Name"] or "") != name:
        raise UnfitError(_("METADATA 里的名称与文件名不符"))
    for line in headers.get_all("Requires-Dist") or []:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as fault:
            raise UnfitError(_("依赖 {line} 写法有误", line=line)) from fault
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not _is_present(requirement):
            raise UnfitError(_("它需要 {line}，而平台没有；插件只能使用平台自带的库", line=line))


def _is_present(requirement: Requirement) -> bool:
    if requirement.url:
        return False
    if canonicalize_name(requirement.name) == HOST:
        return requirement.specifier.contains(HOST_API, prereleases=True)
    try:
        installed = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(installed, prereleases=True)


def _manifest(wheel: WheelFile, archive: zipfile.ZipFile, package: str) -> Manifest:
    """Read the one manifest, and hold the entry point to it."""
    found = [name for name in archive.namelist() if name.startswith(f"{package}/") and name.endswith("/manifest.yaml")]
    if len(found) != 1:
        raise UnfitError(_("包里应当有一个 manifest.yaml，实际有 {count} 个", count=len(found)))
    names = wheel.dist_info_filenames
    try:
        manifest = read_manifest(archive.read(found[0]), found[0])
        name, module = entry_point(wheel.read_dist_info("entry_points.txt") if "entry_points.txt" in names else "")
    except Refused as fault:
        raise UnfitError(fault.detail.rstrip("。.")) from fault
    if name != manifest.plugin:
        raise UnfitError(
            _("入口点的名称 {name} 与 manifest.yaml 的 plugin {plugin} 不符", name=name, plugin=manifest.plugin)
        )
    if module.split(".")[0] != package:
        raise UnfitError(_("入口点 {module} 不在包 {package} 里", module=module, package=package))
    return manifest
