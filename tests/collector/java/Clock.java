import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Date;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.condition.EvaluationContext;
import org.javarosa.core.model.condition.IFunctionHandler;
import org.javarosa.core.model.data.DateData;
import org.javarosa.core.model.data.DateTimeData;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.utils.DateUtils;
import org.javarosa.core.model.utils.IPreloadHandler;

/**
 * The tablet's clock: the real one, or one set to a moment, so that "six months later" needs no waiting.
 *
 * JavaRosa reads the machine's time inside now() and today() and lets nobody replace them; so a form opened on a set
 * clock has these two calls renamed to functions of ours. Only expressions change: what is sent holds no expression.
 */
final class Clock {
    private static final Pattern RELATIVE = Pattern.compile("today\\s*(?:([+-])\\s*(\\d+))?");
    private final Instant set;

    /** @param moment ISO 8601 with its zone, or null for the real clock. */
    Clock(String moment) {
        set = moment == null ? null : java.time.OffsetDateTime.parse(moment).toInstant();
    }

    Date now() {
        return Date.from(set == null ? Instant.now() : set);
    }

    LocalDate today() {
        return now().toInstant().atZone(ZoneId.systemDefault()).toLocalDate();
    }

    /** "today", "today-30" and "today+7" as ISO dates; any other text as it is. */
    String date(String text) {
        Matcher said = RELATIVE.matcher(text.trim());
        if (!said.matches()) return text;
        long days = said.group(2) == null ? 0 : Long.parseLong(said.group(1) + said.group(2));
        return today().plusDays(days).toString();
    }

    String adapt(String xform) {
        if (set == null) return xform;
        return xform.replaceAll("(?<![\\w-])(today|now)\\(\\s*\\)", "device-$1()");
    }

    void install(FormDef form) {
        if (set == null) return;
        form.getEvaluationContext().addFunctionHandler(function("device-now", now()));
        form.getEvaluationContext().addFunctionHandler(function("device-today", DateUtils.roundDate(now())));
        form.getPreloader().addPreloadHandler(preload("timestamp", true));
        form.getPreloader().addPreloadHandler(preload("date", false));
    }

    private static IFunctionHandler function(String name, Date answer) {
        return new IFunctionHandler() {
            public String getName() { return name; }
            @SuppressWarnings("rawtypes")  // JavaRosa's own signature
            public List<Class[]> getPrototypes() { return java.util.Collections.singletonList(new Class[0]); }
            public boolean rawArgs() { return true; }
            public boolean realTime() { return false; }
            public Object eval(Object[] args, EvaluationContext context) { return answer; }
        };
    }

    private IPreloadHandler preload(String kind, boolean withTime) {
        return new IPreloadHandler() {
            public String preloadHandled() { return kind; }
            public IAnswerData handlePreload(String which) {
                if (!withTime) return "today".equals(which) ? new DateData(now()) : null;
                return "start".equals(which) ? new DateTimeData(now()) : null;
            }
            public boolean handlePostProcess(TreeElement node, String which) {
                if (!withTime || !"end".equals(which)) return false;
                node.setAnswer(new DateTimeData(now()));
                return true;
            }
        };
    }
}
