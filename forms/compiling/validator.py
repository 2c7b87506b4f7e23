"""The process with a Java in it: `python -m forms.compiling.validator`, ODK Validate kept warm.

Starting a Java costs 0.3 s and its first large form 0.5 s; afterwards a small form takes some 2 ms and the intake form 70.
One form at a time; what a form costs in memory and time is bounded, and after a form that was too much the process ends.
"""

import json
import os
from typing import Any, Final

from forms.compiling.serving import Order, serve

_OPTIONS: Final = (
    "-Xmx384m",
    "-Xss8m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Duser.home=/nonexistent",
)


def main() -> None:
    """Serve until whoever started this process has ended."""
    serve(_Java(os.environ.get("JVM", ""), os.environ["JAR"]).carry_out)


class _Java:
    def __init__(self, jvm: str, jar: str) -> None:
        import jpype  # noqa: PLC0415

        self._jpype = jpype
        self._missing = ""
        try:
            jpype.startJVM(*_OPTIONS, jvmpath=jvm or None, classpath=[jar], convertStrings=False)
        except jpype.JVMNotFoundException:
            self._missing = "java"
        except (OSError, RuntimeError, ValueError):
            self._missing = "java" if jvm and not os.path.exists(jvm) else "broken"  # noqa: PTH110 – "" is no path
        if not self._missing:
            self._validator = jpype.JClass("org.opendatakit.validate.FormValidator")
            self._listener = _listener_class(jpype)

    def carry_out(self, order: Order) -> None:
        if self._missing:
            order.answer(json.dumps({"missing": self._missing}).encode())
            return
        order.answer(json.dumps(self._verdict(order.file)).encode())

    def _verdict(self, file: int) -> dict[str, Any]:
        with os.fdopen(os.dup(file), "rb") as form:
            form.seek(0)
            content = self._jpype.JArray(self._jpype.JByte)(form.read())
        heard = self._listener()
        try:
            self._validator().setErrorListener(heard).validate(content)
        except self._jpype.JException as thrown:
            heard.errors.append(str(thrown))
        return {"errors": heard.errors}


def _listener_class(jpype: Any) -> Any:
    @jpype.JImplements("org.opendatakit.validate.ErrorListener")
    class Listener:
        def __init__(self) -> None:
            self.errors: list[str] = []

        @jpype.JOverride  # type: ignore[untyped-decorator]
        def error(self, *said: object) -> None:
            self.errors.append("\n".join(str(each) for each in said if each is not None))

        @jpype.JOverride  # type: ignore[untyped-decorator]
        def info(self, said: object) -> None:
            pass

    return Listener


if __name__ == "__main__":
    main()
