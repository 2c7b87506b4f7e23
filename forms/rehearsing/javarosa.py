"""JavaRosa, the engine inside ODK Collect, with a form opened in it as a tablet opens it: media, last saved answers, a clock.

Used only in the child process: a Java machine is not started in a program that has other work. JavaRosa reads the machine's time
inside now() and today() and lets nobody replace them, so a form opened on a set clock has these calls renamed to functions of
ours; only expressions change, and what is sent holds no expression.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jpype
from jpype import JClass, JImplements, JOverride

_OPTIONS: Final = ("-Xmx512m", "-Xss8m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
_CALLS: Final = re.compile(r"(?<![\w-])(today|now)\(\s*\)")
_RELATIVE: Final = re.compile(r"today\s*(?:([+-])\s*(\d+))?")
LAST_SAVED: Final = "last-saved.xml"


def start(jar: str) -> None:
    """Start the Java machine with JavaRosa in it.

    Raises: jpype.JVMNotFoundException, where there is no Java.
    """
    jpype.startJVM(*_OPTIONS, classpath=[jar], convertStrings=True)
    # JavaRosa prints; the answer must stay alone on its stream.
    JClass("java.lang.System").setOut(JClass("java.lang.System").err)
    prototypes = JClass("org.javarosa.core.services.PrototypeManager")
    prototypes.registerPrototypes(JClass("org.javarosa.core.util.JavaRosaCoreModule").classNames)
    prototypes.registerPrototypes(JClass("org.javarosa.core.model.CoreModelModule").classNames)
    JClass("org.javarosa.model.xform.XFormsModule")().registerModule()


class Clock:
    """The tablet's clock: the machine's, or one that was set to a moment (ISO 8601 with its zone)."""

    def __init__(self, moment: str | None) -> None:
        self._set = datetime.fromisoformat(moment) if moment else None

    def day(self, text: str) -> str:
        """`today`, `today-30`, `today+7` as ISO dates; any other text as it is."""
        said = _RELATIVE.fullmatch(text.strip())
        if not said:
            return text
        days = int(said[1] + said[2]) if said[1] else 0
        return (self._today() + timedelta(days=days)).isoformat()

    def _today(self) -> date:
        moment = self._set or datetime.now().astimezone()
        return moment.astimezone().date()

    def adapt(self, xform: str) -> str:
        """The form with the clock's calls renamed, if it is set."""
        return xform if self._set is None else _CALLS.sub(r"device-\1()", xform)

    def install(self, form: Any) -> None:
        """Answer the renamed calls and the preloads of time."""
        if self._set is None:
            return
        now = JClass("java.util.Date")(int(self._set.timestamp() * 1000))
        today = JClass("org.javarosa.core.model.utils.DateUtils").roundDate(now)
        context = form.getEvaluationContext()
        context.addFunctionHandler(_function("device-now", now))
        context.addFunctionHandler(_function("device-today", today))
        form.getPreloader().addPreloadHandler(_preload("timestamp", now))
        form.getPreloader().addPreloadHandler(_preload("date", now))


def open_form(xform: str, media: list[Path], properties: Mapping[str, str], clock: Clock) -> Any:
    """The form as a FormDef; files are looked for in the folders of *media*, the first that has them.

    Raises: Java's exceptions, when JavaRosa cannot open it.
    """
    JClass("org.javarosa.core.services.PropertyManager").setPropertyManager(_owner(properties))
    references = JClass("org.javarosa.core.reference.ReferenceManager").instance()
    references.reset()
    references.addReferenceFactory(_media(media))
    reader = JClass("java.io.StringReader")(clock.adapt(xform))
    form = JClass("org.javarosa.xform.parse.XFormParser")(reader).parse(f"jr://file/{LAST_SAVED}")
    clock.install(form)
    form.initialize(True, JClass("org.javarosa.core.model.instance.InstanceInitializationFactory")())
    return form


def serialised(form: Any) -> bytes:
    """The submission's XML."""
    reference = JClass("org.javarosa.model.xform.XPathReference")("/")
    visitor = JClass("org.javarosa.model.xform.XFormSerializingVisitor")()
    stream = visitor.createSerializedPayload(form.getMainInstance(), reference).getPayloadStream()
    try:
        return bytes(stream.readAllBytes())
    finally:
        stream.close()


def _media(folders: list[Path]) -> Any:
    def path_of(uri: str) -> Path:
        name = str(uri).partition("://")[2].partition("/")[2]
        return next((folder / name for folder in folders if (folder / name).is_file()), folders[-1] / name)

    @JImplements("org.javarosa.core.reference.Reference")
    class File:
        def __init__(self, uri: str) -> None:
            self._uri, self._path = str(uri), path_of(uri)

        @JOverride
        def doesBinaryExist(self) -> bool:  # noqa: N802
            return self._path.is_file()

        @JOverride
        def getStream(self) -> Any:  # noqa: N802
            return JClass("java.io.FileInputStream")(str(self._path))

        @JOverride
        def getURI(self) -> str:  # noqa: N802
            return self._uri

        @JOverride
        def getLocalURI(self) -> str:  # noqa: N802
            return str(self._path)

        @JOverride
        def isReadOnly(self) -> bool:  # noqa: N802
            return True

        @JOverride
        def getOutputStream(self) -> Any:  # noqa: N802
            return None

        @JOverride
        def remove(self) -> None:
            return None

        @JOverride
        def probeAlternativeReferences(self) -> Any:  # noqa: N802
            return jpype.JArray(JClass("org.javarosa.core.reference.Reference"))(0)

    @JImplements("org.javarosa.core.reference.ReferenceFactory")
    class Folder:
        @JOverride
        def derives(self, uri: str) -> bool:
            return str(uri).startswith("jr://")

        @JOverride
        def derive(self, uri: str, _context: str | None = None) -> Any:
            return File(uri)

    return Folder()


def _owner(properties: Mapping[str, str]) -> Any:
    """What the preloads deviceid, username, email and phonenumber say."""

    @JImplements("org.javarosa.core.services.IPropertyManager")
    class Owner:
        @JOverride
        def getProperty(self, name: str) -> Any:  # noqa: N802
            return JClass("java.util.Collections").singletonList(properties.get(str(name), ""))

        @JOverride
        def getSingularProperty(self, name: str) -> str | None:  # noqa: N802
            return properties.get(str(name))

        @JOverride
        def setProperty(self, _name: str, _value: Any) -> None:  # noqa: N802
            return None

        @JOverride
        def addRules(self, _rules: Any) -> None:  # noqa: N802
            return None

        @JOverride
        def getRules(self) -> Any:  # noqa: N802
            return JClass("java.util.ArrayList")()

    return Owner()


def _function(name: str, answer: Any) -> Any:
    @JImplements("org.javarosa.core.model.condition.IFunctionHandler")
    class Function:
        @JOverride
        def getName(self) -> str:  # noqa: N802
            return name

        @JOverride
        def getPrototypes(self) -> Any:  # noqa: N802
            return JClass("java.util.Collections").singletonList(jpype.JArray(JClass("java.lang.Class"))(0))

        @JOverride
        def rawArgs(self) -> bool:  # noqa: N802
            return True

        @JOverride
        def realTime(self) -> bool:  # noqa: N802
            return False

        @JOverride
        def eval(self, _arguments: Any, _context: Any) -> Any:
            return answer

    return Function()


def _preload(kind: str, now: Any) -> Any:
    moment, day = JClass("org.javarosa.core.model.data.DateTimeData"), JClass("org.javarosa.core.model.data.DateData")

    @JImplements("org.javarosa.core.model.utils.IPreloadHandler")
    class Preload:
        @JOverride
        def preloadHandled(self) -> str:  # noqa: N802
            return kind

        @JOverride
        def handlePreload(self, which: str) -> Any:  # noqa: N802
            if kind == "date":
                return day(now) if str(which) == "today" else None
            return moment(now) if str(which) == "start" else None

        @JOverride
        def handlePostProcess(self, node: Any, which: str) -> bool:  # noqa: N802
            if kind == "date" or str(which) != "end":
                return False
            node.setAnswer(moment(now))
            return True

    return Preload()
