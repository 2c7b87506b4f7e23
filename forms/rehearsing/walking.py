"""One person going through one form, screen after screen, with an answer file in hand.

What a person could not get past is noted, and the walk goes on as if they had: a designer wants every such place, not the first.
Because a later answer may make an earlier question relevant, the form is gone through again until nothing new is asked.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import jpype
from jpype import JClass

from forms.rehearsing.javarosa import Clock
from forms.rehearsing.laying import Laid
from storage.problems import Sentence

_PASSES_MOST: Final = 6


class Walk:
    """A walk through *form*; `path` holds the screens of its last pass, `violations` what nobody could have got past."""

    def __init__(self, form: Any, answers: dict[str, Any], repeats: dict[str, Any], clock: Clock) -> None:
        self._form, self._clock = form, clock
        self._api = JClass("org.javarosa.form.api.FormEntryController")
        self._constants = JClass("org.javarosa.core.model.Constants")
        self._controller = self._api(JClass("org.javarosa.form.api.FormEntryModel")(form))
        self._questions: list[str] = []
        self._repeats: list[str] = []
        self._gather(form)
        self._laid = Laid(self._questions, self._repeats, answers, repeats)
        self.path: list[dict[str, Any]] = []
        self.violations: list[dict[str, Any]] = []
        for each in self._laid.misfits:
            self._violate(each.kind, each.place, each.says)

    def speak(self, language: str | None) -> None:
        """Use one of the form's languages, if one is named."""
        if language is None:
            return
        known = [str(each) for each in (self._controller.getModel().getLanguages() or [])]
        if language in known:
            self._controller.setLanguage(language)
        else:
            says = Sentence("The form is not in '{language}', but in: {known}.", language=language, known=", ".join(known) or "–")
            self._violate("language", "/", says)

    def to_the_end(self) -> None:
        """Go through the form to its end, and finalise it."""
        begun = list(self.violations)
        seen: set[str] = set()
        for _ in range(_PASSES_MOST):
            self.path, self.violations = [], list(begun)
            self._pass()
            places = {str(screen["place"]) for screen in self.path}
            if places <= seen:
                break
            seen |= places
        for place in self._laid.never_asked():
            self._violate("never asked", place, Sentence("{place} was answered but never asked.", place=place))
        outcome = self._form.validate()
        if outcome is not None:
            self._unmet(
                outcome.failedPrompt, outcome.outcome, self._controller.getModel().getQuestionPrompt(outcome.failedPrompt)
            )
        self._controller.finalizeFormEntry()

    def _gather(self, element: Any) -> None:
        if isinstance(element, JClass("org.javarosa.core.model.QuestionDef")):
            self._questions.append(_path(element.getBind().getReference()))
        if isinstance(element, JClass("org.javarosa.core.model.GroupDef")) and element.getRepeat():
            self._repeats.append(_path(element.getBind().getReference()))
        for each in element.getChildren() or ():
            self._gather(each)

    def _place(self, reference: Any) -> str:
        plain = place = ""
        for level in range(1, reference.size()):
            plain += f"/{reference.getName(level)}"
            place += f"/{reference.getName(level)}"
            if plain in self._repeats:
                place += f"[{reference.getMultiplicity(level) + 1}]"
        return place

    def _violate(self, kind: str, place: str, says: Sentence) -> None:
        found = {"kind": kind, "place": place, "says": says}
        if found not in self.violations:
            self.violations.append(found)

    def _pass(self) -> None:
        controller, api = self._controller, self._api
        before = JClass("org.javarosa.core.model.FormIndex").createBeginningOfFormIndex()
        controller.jumpToIndex(before)
        while (event := controller.stepToNextEvent()) != api.EVENT_END_OF_FORM:
            here = controller.getModel().getFormIndex()
            if event == api.EVENT_QUESTION:
                self._question(here)
            elif event == api.EVENT_REPEAT and self._is_too_many(here):
                self._form.deleteRepeat(here)
                controller.jumpToIndex(before)
                continue
            elif event == api.EVENT_PROMPT_NEW_REPEAT and here.getElementMultiplicity() < self._rows(here):
                controller.newRepeat(here)
                controller.jumpToIndex(here)
            before = here

    def _is_too_many(self, here: Any) -> bool:
        group = self._controller.getModel().getCaptionPrompt(here).getFormElement()
        counted = group.noAddRemove or group.getCountReference() is not None
        return not counted and here.getElementMultiplicity() >= self._rows(here)

    def _rows(self, here: Any) -> int:
        place = self._place(here.getReference())
        return self._laid.rows.get(place[: place.rindex("[")] if place.endswith("]") else place, 0)

    def _question(self, here: Any) -> None:
        prompt = self._controller.getModel().getQuestionPrompt(here)
        place = self._place(here.getReference())
        text = prompt.getQuestionText()
        screen = {"place": place, "kind": "question", "label": None if text is None else str(text), "answer": None}
        self.path.append(screen)
        if prompt.isReadOnly():
            screen["kind"] = "note"
            if self._laid.given(place):
                self._laid.ask(place)
                self._violate("read only", place, Sentence("{place} is shown, not asked.", place=place))
            return
        answer = self._converted(place, prompt, self._laid.ask(place)) if self._laid.given(place) else self._standing(prompt)
        met = self._controller.answerQuestion(here, answer, True)
        if met != self._api.ANSWER_OK:
            self._unmet(here, met, prompt)
            self._controller.saveAnswer(here, answer, True)
        screen["answer"] = None if answer is None else str(answer.uncast().getString())

    def _unmet(self, where: Any, outcome: int, prompt: Any) -> None:
        place = self._place(where.getReference())
        if outcome == self._api.ANSWER_REQUIRED_BUT_EMPTY:
            self._violate("required", place, Sentence("{place} must be answered.", place=place))
        else:
            text = prompt.getConstraintText()
            says = Sentence("The answer to {place} is not allowed.", place=place)
            if text is not None:
                says = Sentence("The answer to {place} is not allowed: {text}", place=place, text=str(text))
            self._violate("constraint", place, says)

    def _standing(self, prompt: Any) -> Any:
        """What the question holds already. Asking for the choices drops one that is no longer offered."""
        if self._is_select(prompt):
            prompt.getSelectChoices()
        return prompt.getAnswerValue()

    def _converted(self, place: str, prompt: Any, given: Any) -> Any:
        if given is None:
            return None
        if self._is_select(prompt):
            return self._selected(place, prompt, given)
        if isinstance(given, list | dict):
            self._violate("wrong type", place, Sentence("{place} takes one value.", place=place))
            return None
        text = str(given).lower() if isinstance(given, bool) else str(given)
        constants = self._constants
        if prompt.getControlType() == constants.CONTROL_TRIGGER or self._is_file(prompt):
            return JClass("org.javarosa.core.model.data.StringData")(text)
        if prompt.getDataType() == constants.DATATYPE_DATE:
            text = self._clock.day(text)
        answer = _parsed(text, prompt)
        if answer is None and text:
            self._violate("wrong type", place, Sentence("{place} does not take '{text}'.", place=place, text=text))
        elif isinstance(prompt.getQuestion(), JClass("org.javarosa.core.model.RangeQuestion")):
            self._in_range(place, prompt.getQuestion(), text)
        return answer

    def _in_range(self, place: str, question: Any, text: str) -> None:
        start, end, step = (
            Decimal(str(each)) for each in (question.getRangeStart(), question.getRangeEnd(), question.getRangeStep())
        )
        try:
            value = Decimal(text)
        except InvalidOperation:
            return
        if not start <= value <= end or (value - start) % step:
            self._violate("not offered", place, Sentence("{place} does not offer '{text}'.", place=place, text=text))

    def _selected(self, place: str, prompt: Any, given: Any) -> Any:
        offered = {str(each.getValue()): each for each in prompt.getSelectChoices()}
        wanted = [str(each) for each in given] if isinstance(given, list) else [str(given)] if str(given) else []
        for value in wanted:
            if value not in offered:
                says = Sentence(
                    "{place} does not offer '{text}', but {count} other choices.", place=place, text=value, count=len(offered)
                )
                self._violate("not offered", place, says)
        chosen = [offered[value].selection() for value in wanted if value in offered]
        one = prompt.getControlType() == self._constants.CONTROL_SELECT_ONE
        if one and len(chosen) > 1:
            self._violate("wrong type", place, Sentence("{place} takes one choice.", place=place))
        if not chosen:
            return None
        if one:
            return JClass("org.javarosa.core.model.data.SelectOneData")(chosen[0])
        listed = JClass("java.util.ArrayList")(chosen)
        ranked = prompt.getControlType() == self._constants.CONTROL_RANK
        return JClass(f"org.javarosa.core.model.data.{'MultipleItemsData' if ranked else 'SelectMultiData'}")(listed)

    def _is_select(self, prompt: Any) -> bool:
        known = self._constants
        return prompt.getControlType() in (known.CONTROL_SELECT_ONE, known.CONTROL_SELECT_MULTI, known.CONTROL_RANK)

    def _is_file(self, prompt: Any) -> bool:
        known = self._constants
        return prompt.getControlType() in (
            known.CONTROL_UPLOAD, known.CONTROL_IMAGE_CHOOSE, known.CONTROL_AUDIO_CAPTURE, known.CONTROL_VIDEO_CAPTURE,
            known.CONTROL_FILE_CAPTURE, known.CONTROL_OSM_CAPTURE,
        )  # fmt: skip


def _parsed(text: str, prompt: Any) -> Any:
    parser = JClass("org.javarosa.xform.util.XFormAnswerDataParser")
    try:
        return parser.getAnswerData(text, prompt.getDataType(), prompt.getQuestion())
    except jpype.JException:  # JavaRosa throws what it likes at a text of the wrong type
        return None


def _path(reference: Any) -> str:
    return "".join(f"/{reference.getName(level)}" for level in range(1, reference.size()))
