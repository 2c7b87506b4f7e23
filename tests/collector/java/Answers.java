import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.GroupDef;
import org.javarosa.core.model.IFormElement;
import org.javarosa.core.model.QuestionDef;
import org.javarosa.core.model.instance.TreeReference;

/**
 * An answer file laid over a form: which answer belongs to which question of which repeat row.
 *
 * A designer writes plain names where they are unique ("sex") and paths where not ("/b_case/sex"). Here every answer has the
 * place the walk asks for: the path below the root, with the row number, from 1, after each repeat: "/i_hh/hh[2]/hh_age".
 */
final class Answers {
    private final Set<String> questions = new LinkedHashSet<>();
    private final Set<String> repeats = new LinkedHashSet<>();
    private final Map<String, JsonNode> values = new LinkedHashMap<>();
    private final Map<String, Integer> rows = new LinkedHashMap<>();
    private final Set<String> asked = new LinkedHashSet<>();

    Answers(FormDef form, JsonNode answers, JsonNode repeatRows) {
        gather(form);
        lay("", "", answers);
        Iterator<Map.Entry<String, JsonNode>> named = repeatRows.fields();
        while (named.hasNext()) {
            Map.Entry<String, JsonNode> one = named.next();
            layRows("", "", one.getKey(), one.getValue());
        }
    }

    /** The place of a reference of this form: its path without the root, with row numbers. */
    String place(TreeReference ref) {
        StringBuilder plain = new StringBuilder();
        StringBuilder place = new StringBuilder();
        for (int level = 1; level < ref.size(); level++) {
            plain.append('/').append(ref.getName(level));
            place.append('/').append(ref.getName(level));
            if (repeats.contains(plain.toString())) place.append('[').append(ref.getMultiplicity(level) + 1).append(']');
        }
        return place.toString();
    }

    /** The place of a repeat itself, without the row number of its last level. */
    String repeatPlace(TreeReference ref) {
        String place = place(ref);
        return place.endsWith("]") ? place.substring(0, place.lastIndexOf('[')) : place;
    }

    boolean given(String place) {
        return values.containsKey(place);
    }

    JsonNode ask(String place) {
        asked.add(place);
        return values.get(place);
    }

    /** How many rows the file gives a repeat; null when it does not name the repeat at all. */
    Integer rowsOf(String repeatPlace) {
        return rows.get(repeatPlace);
    }

    List<String> neverAsked() {
        List<String> left = new ArrayList<>();
        for (String place : values.keySet()) if (!asked.contains(place)) left.add(place);
        return left;
    }

    private void gather(IFormElement element) {
        if (element instanceof QuestionDef) questions.add(path(element));
        if (element instanceof GroupDef group && group.getRepeat()) repeats.add(path(element));
        if (element.getChildren() != null) element.getChildren().forEach(this::gather);
    }

    private static String path(IFormElement element) {
        TreeReference ref = (TreeReference) element.getBind().getReference();
        StringBuilder path = new StringBuilder();
        for (int level = 1; level < ref.size(); level++) path.append('/').append(ref.getName(level));
        return path.toString();
    }

    private void lay(String within, String place, JsonNode answers) {
        Iterator<Map.Entry<String, JsonNode>> each = answers.fields();
        while (each.hasNext()) {
            Map.Entry<String, JsonNode> one = each.next();
            if (isRows(one.getValue())) {
                layRows(within, place, one.getKey(), one.getValue());
            } else {
                String path = find(questions, within, one.getKey());
                values.put(place + path.substring(within.length()), one.getValue());
            }
        }
    }

    private static boolean isRows(JsonNode value) {
        return value.isArray() && value.size() > 0 && value.get(0).isObject();
    }

    private void layRows(String within, String place, String name, JsonNode given) {
        String path = find(repeats, within, name);
        String repeatPlace = place + path.substring(within.length());
        rows.put(repeatPlace, given.size());
        for (int row = 0; row < given.size(); row++) lay(path, repeatPlace + "[" + (row + 1) + "]", given.get(row));
    }

    private static String find(Set<String> among, String within, String name) {
        String ending = "/" + name.replaceFirst("^/", "");
        List<String> found = new ArrayList<>();
        for (String path : among) {
            if (path.equals(name)) return path;
            if (path.startsWith(within + "/") && path.endsWith(ending)) found.add(path);
        }
        if (found.size() == 1) return found.get(0);
        if (found.isEmpty()) throw new Refused("no such question", name, "The form has no question or repeat " + name + ".");
        throw new Refused("ambiguous", name, "Several places are called " + name + ": " + String.join(", ", found) + ".");
    }
}
