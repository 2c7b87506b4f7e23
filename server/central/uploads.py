"""A form over the API: its file, compiled before the unit that keeps it, and what its designer is told."""

from collections.abc import Iterable
from typing import Any

from forms.compiling.issue import Issue
from forms.definition import reading
from forms.problems import InvalidWorkbook, UnknownWorkbook
from forms.uploading import Uploaded
from server import uploads
from server.languages import language
from server.web.bodies import OnDisk
from server.web.parameters import extended, switch
from server.web.surface import Ask
from storage.problems import Problem, Said, in_words

# What a client of Central's would be warned of; all else that was found refuses nothing.
WARNING = frozenset({"pyxform"})
XML = frozenset({"application/xml", "text/xml"})


class Warned(Problem):
    """The form could be published, but its designer should look at something first."""

    code = "400.16"
    says = (
        "The form is valid, but there are warnings. Look at them; to go on in spite of them, send it again with "
        "?ignoreWarnings=true."
    )


sent = uploads.sent


def compiled(ask: Ask[Any]) -> Uploaded | None:
    """The form in the body, compiled; null for an empty body. A draft without an id of its own takes the form's.

    An XForm that ODK Validate refuses is taken, and marked as not validated on every page: scripts bring forms from Central,
    which does not look at them.

    Raises: all that `uploading.prepare` raises. Source: ODK Central, POST …/forms.
    """
    file: OnDisk | None = ask.body
    if file is None:
        return None
    try:
        return uploads.compiled(ask, fallback_id=file.name or ask.path.get("xml_form_id"), lenient=True)
    except InvalidWorkbook as refused:
        refused.details.update(_in_central_words(refused.details["issues"], language(ask.language).said))
        raise
    except UnknownWorkbook:
        if ask.headers.get("Content-Type", "").partition(";")[0].strip().lower() in XML:
            reading.read(file.path.read_bytes())  # says where it stops being XML
        raise


def heed(ask: Ask[Any], uploaded: Uploaded | None, *, removed: list[str], deleted: str | None = None) -> None:
    """Go on only if there is nothing to be warned of, or the client does not mind.

    *removed* are the questions that the published version has and the new one has not; *deleted* the form id when the trash
    holds a form of it.

    Raises: Warned. Source: ODK Central, POST …/forms, POST …/draft.
    """
    if switch(ask.query, "ignoreWarnings"):
        return
    said = _warnings(uploaded.warnings, language(ask.language).said) if uploaded else []
    workflow: list[dict[str, Any]] = []
    if removed:
        workflow.append(
            {
                "type": "structureChanged",
                "details": removed,
                "learnMoreUrl": "https://docs.getodk.org/central-forms/#central-forms-updates",
            }
        )
    if deleted is not None:
        workflow.append(
            {
                "type": "deletedFormExists",
                "details": {"xmlFormId": deleted},
                "learnMoreUrl": "https://docs.getodk.org/central-forms/#deleting-a-form",
            }
        )
    if said or workflow:
        # A list that is there, be it empty, is a heading to Central's own page.
        found = ({"xlsFormWarnings": said} if said else {}) | ({"workflowWarnings": workflow} if workflow else {})
        issues = [*uploaded.warnings] if uploaded else []
        raise Warned(warnings=found, **({"issues": issues} if issues else {}))


def told(ask: Ask[Any], uploaded: Uploaded) -> dict[str, Any]:
    """What was found in a form that was taken, for clients that ask for extended metadata; others get Central's answer alone."""
    if not extended(ask.headers):
        return {}
    said = language(ask.language).said
    return {
        "issues": [issue.as_json(said) for issue in uploaded.warnings],
        "notValidated": in_words(uploaded.not_validated, said),
    }


def _in_central_words(issues: list[Issue], said: Said) -> dict[str, Any]:
    """Where its clients look: all that forbids publication as one text, and what the compilers warn of besides."""
    return {"error": "\n".join(_line(issue, said) for issue in issues if issue.is_error), "warnings": _warnings(issues, said)}


def _warnings(issues: Iterable[Issue], said: Said) -> list[str]:
    return [_line(issue, said) for issue in issues if not issue.is_error and issue.code in WARNING]


def _line(issue: Issue, said: Said) -> str:
    return issue.placed.told(said)
