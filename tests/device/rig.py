"""The rig: where it is, its guest image and the guest's Python packages, all made once and kept in a cache folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

CHECKOUT = Path(__file__).parents[2]
_LOCK = CHECKOUT / "requirements.lock"
_GUEST_PYTHON = "3.11"  # Debian bookworm's; it brings python3-evdev itself, which has no wheels
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")


class NoRig(Exception):
    """The rig cannot be used here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Rig:
    """The rig's modules, and the folder with the guest's packages."""

    vm: ModuleType
    usbip: ModuleType
    packages: Path


def rig_folder() -> Path:
    """`SHELFWIRE_RIG`, else ``shared/rig`` beside the checkout.  Raises NoRig."""
    folder = Path(os.environ.get("SHELFWIRE_RIG") or CHECKOUT.parent / "shared" / "rig")
    if not (folder / "rig.py").is_file():
        raise NoRig(f"The rig is not at {folder}: put it there, or name its folder in SHELFWIRE_RIG.")
    if os.geteuid() != 0:
        raise NoRig("The rig builds a root file system: run the device tests as root.")
    return folder


def load_rig() -> Rig:
    """Everything built that is missing (1 to 2 minutes the first time).  Raises NoRig."""
    folder = rig_folder()
    cache = Path(os.environ.get("RIG_CACHE") or _user_cache() / "rig")
    cache.mkdir(parents=True, exist_ok=True)
    os.environ["RIG_CACHE"] = str(cache)
    _run(["bash", str(folder / "build.sh")])
    packages = _packages(cache)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return Rig(import_module("rig"), import_module("usbip_server"), packages)


def stage(folder: Path, packages: Path) -> None:
    """What the guest gets to see: our code as it is now, and the packages of its lock."""
    for name in ("drivers", "edge_agent", "controller", "provisioning", "systemd"):
        shutil.copytree(CHECKOUT / name, folder / "code" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(CHECKOUT / "tests" / "device" / "holder.py", folder / "code")
    _run([sys.executable, "-m", "compileall", "-q", str(folder / "code")])
    shutil.copytree(packages, folder / "packages", copy_function=_link)


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shelfwire"


def _packages(cache: Path) -> Path:
    """The wheels of our lock for the guest's Python, unpacked; one folder for each content of the lock."""
    wanted = cache / f"packages-{hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]}"
    if not wanted.is_dir():
        for old in cache.glob("packages-*"):
            shutil.rmtree(old)
        new = cache / f"new-packages.{os.getpid()}"
        kind = ["--python-version", _GUEST_PYTHON, "--implementation", "cp", "--abi", "cp311", "--abi", "abi3", "--abi", "none"]
        platforms = [word for each in _PLATFORMS for word in ("--platform", each)]
        how = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:", "--no-deps"]
        _run([sys.executable, "-m", "pip", "install", *how, *kind, *platforms, "--target", str(new), "-r", str(_LOCK)])
        new.rename(wanted)
    return wanted


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoRig(f"{' '.join(command)} failed with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
