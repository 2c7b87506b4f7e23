"""Compile the Java part of the collector, once for each state of its sources.

The classes lie in `.cache/collector/<hash>` inside the checkout, so a second test run starts at once and a changed source is
never run from old classes. Needs `javac` 17 or later; the libraries are in the ODK Validate jar that pyxform ships.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCES = Path(__file__).parent / "java"
CACHE = Path(__file__).parents[2] / ".cache" / "collector"
JAR = Path("validators", "odk_validate", "bin", "ODK_Validate.jar")


class NoJava(RuntimeError):
    """This machine has no JDK, or pyxform came without its jar."""


def jar() -> Path:
    """The ODK Validate jar, which holds JavaRosa, kXML2, Jackson and Commons CSV.

    Raises: NoJava, if pyxform or its jar is not installed.
    """
    spec = importlib.util.find_spec("pyxform")
    path = Path(spec.origin).parent / JAR if spec and spec.origin else JAR
    if not path.is_file():
        raise NoJava("pyxform's ODK_Validate.jar is not installed; install the package pyxform in this environment")
    return path


def java(name: str = "java") -> str:
    """The path of `java` or `javac`.

    Raises: NoJava, with the package to install.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which(name, path=str(Path(home) / "bin")) if home else shutil.which(name)
    if found is None:
        raise NoJava(f"{name} is not on this machine; on Debian and Ubuntu: apt-get install default-jdk-headless (17 or later)")
    return found


def classes() -> Path:
    """The folder of compiled classes, compiled now if this state of the sources never was.

    Raises: NoJava, and subprocess.CalledProcessError with the compiler's words if the sources do not compile.
    """
    sources = sorted(SOURCES.glob("*.java"))
    digest = hashlib.sha256(jar().name.encode())
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    ready = CACHE / digest.hexdigest()[:16]
    if not ready.is_dir():
        _compile(sources, ready)
    return ready


def _compile(sources: list[Path], ready: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=CACHE))
    command = [java("javac"), "-encoding", "UTF-8", "-nowarn", "-cp", str(jar()), "-d", str(fresh), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(fresh)
        raise subprocess.CalledProcessError(done.returncode, "javac", done.stdout, done.stderr)
    try:
        fresh.rename(ready)
    except OSError:  # another run compiled the same sources meanwhile
        shutil.rmtree(fresh)
