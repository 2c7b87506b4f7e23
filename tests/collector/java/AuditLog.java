import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.instance.TreeElement;

/**
 * The audit.csv a form asks for: what was opened and answered, when, and with track-changes what the answers were.
 *
 * Columns as Collect writes them: event, node, start, end, then only those the form enables, in Collect's order.
 */
final class AuditLog {
    static final String FILE = "audit.csv";
    private static final String ODK = "http://www.opendatakit.org/xforms";
    private static final long SCREEN_MILLISECONDS = 4_000;

    private AuditLog() {}

    /** The text of the log, or null when the form asks for none; names the file in meta/audit. */
    static String write(FormDef form, JsonNode path, Clock clock, boolean editing, String user) {
        TreeElement meta = meta(form);
        TreeElement audit = meta == null ? null : meta.getFirstChild("audit");
        if (audit == null) return null;
        audit.setAnswer(new StringData(FILE));
        boolean location = audit.getBindAttributeValue(ODK, "location-priority") != null;
        boolean changes = "true".equals(audit.getBindAttributeValue(ODK, "track-changes"));
        boolean identify = "true".equals(audit.getBindAttributeValue(ODK, "identify-user"));
        boolean reasons = "on-form-edit".equals(audit.getBindAttributeValue(ODK, "track-changes-reasons"));

        List<String> columns = new ArrayList<>(List.of("event", "node", "start", "end"));
        if (location) columns.addAll(List.of("latitude", "longitude", "accuracy"));
        if (changes) columns.addAll(List.of("old-value", "new-value"));
        if (identify) columns.add("user");
        if (reasons) columns.add("change-reason");

        StringBuilder log = new StringBuilder(String.join(",", columns)).append('\n');
        long end = clock.now().getTime();
        long at = end - SCREEN_MILLISECONDS * path.size();
        List<String> rest = new ArrayList<>();
        row(log, columns.size(), rest, editing ? "form resume" : "form start", "", at, "");
        for (JsonNode screen : path) {
            rest.clear();
            if (location) rest.addAll(List.of("12.6392", "-8.0029", "5.0"));
            if (changes) rest.addAll(changed(screen));
            if (identify) rest.add(user);
            row(log, columns.size(), rest, "question", Json.text(screen, "xpath"), at, String.valueOf(at + SCREEN_MILLISECONDS));
            at += SCREEN_MILLISECONDS;
        }
        rest.clear();
        if (reasons && editing) {
            while (rest.size() < columns.size() - 5) rest.add("");
            rest.add("corrected after the interview");
            row(log, columns.size(), rest, "change reason", "", end, "");
            rest.clear();
        }
        for (String event : List.of("form save", "form exit", "form finalize")) row(log, columns.size(), rest, event, "", end, "");
        return log.toString();
    }

    static TreeElement meta(FormDef form) {
        for (int at = 0; at < form.getMainInstance().getRoot().getNumChildren(); at++) {
            TreeElement child = form.getMainInstance().getRoot().getChildAt(at);
            if ("meta".equals(child.getName())) return child;
        }
        return null;
    }

    private static List<String> changed(JsonNode screen) {
        String before = Json.text(screen, "before");
        String answer = Json.text(screen, "answer");
        if (before == null ? answer == null : before.equals(answer)) return List.of("", "");
        return List.of(before == null ? "" : before, answer == null ? "" : answer);
    }

    private static void row(StringBuilder log, int width, List<String> rest, String event, String node, long start, String end) {
        List<String> cells = new ArrayList<>(List.of(event, node, String.valueOf(start), end));
        cells.addAll(rest);
        while (cells.size() < width) cells.add("");
        for (int at = 0; at < cells.size(); at++) log.append(at == 0 ? "" : ",").append(Csv.cell(cells.get(at)));
        log.append('\n');
    }
}
