"""ODK Web Forms, the program that fills forms in the browser: where npm put it, and under which policy it runs.

It is served from here like the style sheet, so that browsers ask nobody else. Its bundle imports Vue by name and nothing more,
which an import map settles without a bundler. Where it was not installed, pages say so; everything else works.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from storage.problems import Problem

PACKAGES = Path(__file__).parents[2] / "node_modules"
PREFIX = "/static/web-forms"
BUNDLE, RUNTIME = "@getodk/web-forms", "vue"
RUNTIME_FILE = "vue.runtime.esm-browser.prod.js"


class NotInstalled(Problem):
    """npm never brought the package here."""

    code = "409.83"
    says = "Forms cannot be opened in the browser yet: ODK Web Forms is not installed on this server. Run: make web-forms"


@dataclass(frozen=True, slots=True)
class Script:
    """A script, as it is and compressed."""

    content: bytes
    gzipped: bytes


@dataclass(frozen=True, slots=True)
class WebForms:
    """The installed program: *version* names it to people, *mark* is in every address, so that browsers may keep it for good."""

    version: str
    mark: str
    scripts: Mapping[str, Script]

    @property
    def import_map(self) -> str:
        """Where the names that scripts import by are found."""
        named = {BUNDLE: "index.js", RUNTIME: RUNTIME_FILE}
        return json.dumps({"imports": {name: f"{PREFIX}/{self.mark}/{file}" for name, file in named.items()}})

    @property
    def headers(self) -> Mapping[str, str]:
        """What a page that runs it may do: its own scripts, styles and pictures, this server, and the place if it is asked for.

        The engine parses XPath in WebAssembly and the widgets write styles of their own, hence the two exceptions; no script
        that is not ours runs, and nothing can be loaded from, or sent to, anybody else: map tiles neither. Its map and its
        shrinking of pictures work in workers that it makes of its own text, and that are held to the same policy.
        """
        allowed = base64.b64encode(hashlib.sha256(self.import_map.encode()).digest()).decode()
        return {
            "Content-Security-Policy": (
                f"default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-{allowed}'; style-src 'self' 'unsafe-inline'; "
                "img-src 'self' data: blob:; media-src 'self' blob:; font-src data:; connect-src 'self'; worker-src blob: data:; "
                "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
            ),
            "Permissions-Policy": "camera=(), geolocation=(self), microphone=()",
        }


def installed() -> WebForms:
    """The program, read once.

    Raises: NotInstalled.
    """
    try:
        return _read(*(json.loads((PACKAGES / name / "package.json").read_bytes())["version"] for name in (BUNDLE, RUNTIME)))
    except FileNotFoundError:
        raise NotInstalled from None


@lru_cache(maxsize=1)
def _read(version: str, runtime_version: str) -> WebForms:
    files = [*sorted((PACKAGES / BUNDLE / "dist").glob("*.js")), PACKAGES / RUNTIME / "dist" / RUNTIME_FILE]
    scripts = {file.name: _script(file.read_bytes()) for file in files}
    return WebForms(version, f"{version}-{runtime_version}", scripts)


def _script(content: bytes) -> Script:
    # 4.7 MB become 1.5: on a telephone's network that decides whether the page opens at all.
    return Script(content, gzip.compress(content, compresslevel=6, mtime=0))
