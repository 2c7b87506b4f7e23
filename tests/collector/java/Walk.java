import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.GroupDef;
import org.javarosa.core.model.RangeQuestion;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.ValidateOutcome;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.MultipleItemsData;
import org.javarosa.core.model.data.SelectMultiData;
import org.javarosa.core.model.data.SelectOneData;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.xform.util.XFormAnswerDataParser;

/**
 * One person going through one form, screen after screen, with an answer file in hand.
 *
 * Only what is asked is answered, only what is offered is chosen, and no step is taken past an unmet constraint or an empty
 * required question. Because a later answer may make an earlier question relevant, the form is gone through again until
 * nothing new is asked, as a person who turns back would.
 */
final class Walk {
    private static final int MAX_PASSES = 6;

    private final FormDef form;
    private final FormEntryController controller;
    private final Answers answers;
    private final Clock clock;
    private final boolean editing;
    private final Map<String, ObjectNode> seenBefore = new LinkedHashMap<>();
    private final Map<String, ObjectNode> screens = new LinkedHashMap<>();
    private final List<String> attachments = new ArrayList<>();
    private FormIndex before;

    Walk(FormDef form, Answers answers, Clock clock, boolean editing) {
        this.form = form;
        this.controller = new FormEntryController(new FormEntryModel(form));
        this.answers = answers;
        this.clock = clock;
        this.editing = editing;
    }

    void language(String language) {
        if (language != null) controller.setLanguage(language);
    }

    /** Go through the form to its end and finalise it. Raises: Refused, at the first thing a person could not get past. */
    void toTheEnd() {
        int passes = 0;
        do {
            seenBefore.putAll(screens);
            screens.clear();
            pass();
        } while (!seenBefore.keySet().containsAll(screens.keySet()) && ++passes < MAX_PASSES);
        List<String> left = answers.neverAsked();
        if (!left.isEmpty()) {
            throw new Refused("never asked", left.get(0), "Answers to questions that were never asked: " + String.join(", ", left) + ".");
        }
        ValidateOutcome outcome = form.validate();
        if (outcome != null) unmet(outcome.failedPrompt, outcome.outcome, controller.getModel().getQuestionPrompt(outcome.failedPrompt));
        controller.finalizeFormEntry();
    }

    /** The screens of the last pass, in order: place, xpath, kind, label, answer, and the value it replaced. */
    ArrayNode path() {
        ArrayNode path = Json.array();
        screens.values().forEach(path::add);
        return path;
    }

    /** The names of files answered to image, audio, video and file questions. */
    List<String> attachments() {
        return attachments;
    }

    private void pass() {
        attachments.clear();
        FormIndex beginning = FormIndex.createBeginningOfFormIndex();
        controller.jumpToIndex(beginning);
        before = beginning;
        int event;
        while ((event = controller.stepToNextEvent()) != FormEntryController.EVENT_END_OF_FORM) {
            FormIndex here = controller.getModel().getFormIndex();
            boolean stays = switch (event) {
                case FormEntryController.EVENT_QUESTION -> question(here);
                case FormEntryController.EVENT_REPEAT -> row(here);
                case FormEntryController.EVENT_PROMPT_NEW_REPEAT -> anotherRow(here);
                default -> true;
            };
            if (stays) before = here;
        }
    }

    private boolean row(FormIndex here) {
        GroupDef group = (GroupDef) controller.getModel().getCaptionPrompt(here).getFormElement();
        if (counted(group)) return true;
        Integer wanted = wanted(here);
        if (wanted == null || here.getElementMultiplicity() < wanted) return true;
        form.deleteRepeat(here);
        controller.jumpToIndex(before);
        return false;
    }

    private boolean anotherRow(FormIndex here) {
        Integer wanted = wanted(here);
        if (wanted != null && here.getElementMultiplicity() < wanted) {
            controller.newRepeat(here);
            controller.jumpToIndex(here);
        }
        return true;
    }

    /** In a new form a repeat the file does not name has no rows; in an edit it stays as it was. */
    private Integer wanted(FormIndex here) {
        Integer rows = answers.rowsOf(answers.repeatPlace(here.getReference()));
        return rows == null && !editing ? Integer.valueOf(0) : rows;
    }

    private static boolean counted(GroupDef group) {
        return group.noAddRemove || group.getCountReference() != null;
    }

    private boolean question(FormIndex here) {
        FormEntryPrompt prompt = controller.getModel().getQuestionPrompt(here);
        String place = answers.place(here.getReference());
        ObjectNode screen = screen(place, here, prompt);
        if (prompt.isReadOnly()) {
            if (answers.given(place)) throw new Refused("read only", place, place + " is shown, not asked.");
            screen.put("kind", "note");
            return true;
        }
        IAnswerData answer = answers.given(place) ? convert(place, prompt, answers.ask(place)) : standing(prompt);
        int met = controller.answerQuestion(here, answer, true);
        if (met != FormEntryController.ANSWER_OK) unmet(here, met, prompt);
        String text = answer == null ? null : answer.uncast().getString();
        screen.put("answer", text);
        if (isMedia(prompt) && text != null) attachments.add(text);
        return true;
    }

    private ObjectNode screen(String place, FormIndex here, FormEntryPrompt prompt) {
        String root = form.getMainInstance().getRoot().getName();
        ObjectNode earlier = seenBefore.get(place);
        ObjectNode screen = Json.object().put("place", place).put("xpath", "/" + root + place).put("kind", "question");
        screen.put("label", prompt.getQuestionText());
        String standing = prompt.getAnswerValue() == null ? null : prompt.getAnswerValue().uncast().getString();
        screen.put("before", earlier == null ? standing : Json.text(earlier, "before"));
        screens.put(place, screen);
        return screen;
    }

    /** What the question holds already: a default, or the earlier answer. Asking for the choices drops one no longer offered. */
    private static IAnswerData standing(FormEntryPrompt prompt) {
        if (isSelect(prompt)) prompt.getSelectChoices();
        return prompt.getAnswerValue();
    }

    private void unmet(FormIndex where, int outcome, FormEntryPrompt prompt) {
        String place = answers.place(where.getReference());
        if (outcome == FormEntryController.ANSWER_REQUIRED_BUT_EMPTY) throw new Refused("required", place, place + " must be answered.");
        String text = prompt.getConstraintText();
        throw new Refused("constraint", place, "The answer to " + place + " is not allowed" + (text == null ? "." : ": " + text));
    }

    private IAnswerData convert(String place, FormEntryPrompt prompt, JsonNode given) {
        if (given.isNull()) return null;
        if (isSelect(prompt)) return select(place, prompt, given);
        if (given.isContainerNode()) throw new Refused("wrong type", place, place + " takes one value.");
        String text = given.asText();
        if (prompt.getControlType() == Constants.CONTROL_TRIGGER || isMedia(prompt)) return new StringData(text);
        if (prompt.getDataType() == Constants.DATATYPE_DATE) text = clock.date(text);
        IAnswerData answer = parse(place, prompt, text);
        if (prompt.getQuestion() instanceof RangeQuestion range) inRange(place, range, new BigDecimal(text));
        return answer;
    }

    private static IAnswerData parse(String place, FormEntryPrompt prompt, String text) {
        IAnswerData answer;
        try {
            answer = XFormAnswerDataParser.getAnswerData(text, prompt.getDataType(), prompt.getQuestion());
        } catch (RuntimeException e) {
            answer = null;
        }
        if (answer == null && !text.isEmpty()) throw new Refused("wrong type", place, place + " does not take \"" + text + "\".");
        return answer;
    }

    private static void inRange(String place, RangeQuestion range, BigDecimal value) {
        boolean inside = value.compareTo(range.getRangeStart()) >= 0 && value.compareTo(range.getRangeEnd()) <= 0;
        boolean onStep = value.subtract(range.getRangeStart()).remainder(range.getRangeStep()).signum() == 0;
        if (!inside || !onStep) throw new Refused("not offered", place, place + " does not offer " + value + ".");
    }

    private static IAnswerData select(String place, FormEntryPrompt prompt, JsonNode given) {
        List<SelectChoice> offered = prompt.getSelectChoices();
        boolean many = prompt.getControlType() != Constants.CONTROL_SELECT_ONE;
        List<Selection> chosen = new ArrayList<>();
        if (given.isArray()) given.forEach(one -> chosen.add(choose(place, offered, one.asText())));
        else if (!given.asText().isEmpty()) chosen.add(choose(place, offered, given.asText()));
        if (chosen.isEmpty()) return null;
        if (!many && chosen.size() > 1) throw new Refused("wrong type", place, place + " takes one choice.");
        if (!many) return new SelectOneData(chosen.get(0));
        return prompt.getControlType() == Constants.CONTROL_RANK ? new MultipleItemsData(chosen) : new SelectMultiData(chosen);
    }

    private static Selection choose(String place, List<SelectChoice> offered, String value) {
        for (SelectChoice choice : offered) if (choice.getValue().equals(value)) return choice.selection();
        throw new Refused("not offered", place, place + " does not offer \"" + value + "\" (" + offered.size() + " choices are offered).");
    }

    private static boolean isSelect(FormEntryPrompt prompt) {
        int control = prompt.getControlType();
        return control == Constants.CONTROL_SELECT_ONE || control == Constants.CONTROL_SELECT_MULTI || control == Constants.CONTROL_RANK;
    }

    private static boolean isMedia(FormEntryPrompt prompt) {
        return switch (prompt.getControlType()) {
            case Constants.CONTROL_UPLOAD, Constants.CONTROL_IMAGE_CHOOSE, Constants.CONTROL_AUDIO_CAPTURE,
                 Constants.CONTROL_VIDEO_CAPTURE, Constants.CONTROL_FILE_CAPTURE, Constants.CONTROL_OSM_CAPTURE -> true;
            default -> false;
        };
    }
}
