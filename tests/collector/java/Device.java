import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** One tablet: a folder with its blank forms, media, entity lists, and the instances filled on it, sent or not. */
final class Device {
    private final Path folder;
    private final JsonNode settings;
    final Wire wire;

    Device(JsonNode settings) {
        this.settings = settings;
        folder = Path.of(Json.text(settings, "folder"));
        wire = new Wire(settings, folder);
    }

    Path xform(String formId) {
        return formFolder(formId).resolve("form.xml");
    }

    Path media(String formId) {
        return formFolder(formId).resolve("media");
    }

    Path lists() {
        return folder.resolve("lists");
    }

    List<String> formIds() throws IOException {
        List<String> ids = new ArrayList<>();
        forms().fieldNames().forEachRemaining(ids::add);
        return ids;
    }

    JsonNode form(String formId) throws IOException {
        return forms().get(formId);
    }

    void keepForm(String formId, ObjectNode form) throws IOException {
        ObjectNode forms = forms();
        forms.set(formId, form);
        Json.write(folder.resolve("forms.json"), forms);
    }

    /** The blank form goes from the list; its file stays for instances still to be edited, as drafts do on a tablet. */
    void removeForm(String formId) throws IOException {
        ObjectNode forms = forms();
        forms.remove(formId);
        Json.write(folder.resolve("forms.json"), forms);
    }

    /** Fill a blank form and finalise it; entities it makes are known on this device at once. */
    ObjectNode fill(String formId, JsonNode sheet, Clock clock) throws IOException {
        if (form(formId) == null) throw new Refused("form", formId, "The form " + formId + " is not on this device.");
        writeLists(formId);
        String name = instanceName(formId, clock);
        ObjectNode filled = filling(formId, clock).fill(sheet, null, instances().resolve(name));
        EntityWork.apply(xform(formId), Path.of(Json.text(filled, "xml")), lists());
        return keepInstance(name, formId, filled, null);
    }

    /** Edit a finalised instance; what it did to entity lists on this device stays as it was. */
    ObjectNode edit(String instanceId, JsonNode sheet, Clock clock) throws IOException {
        ObjectNode earlier = instance(instanceId);
        String formId = Json.text(earlier, "form");
        writeLists(formId);
        String name = instanceName(formId, clock);
        Path xml = instances().resolve(Json.text(earlier, "name")).resolve(Json.text(earlier, "name") + ".xml");
        return keepInstance(name, formId, filling(formId, clock).fill(sheet, xml, instances().resolve(name)), instanceId);
    }

    /** Everything in an instance's folder but its XML and hidden files goes along, mentioned in the XML or not. */
    List<Path> attachments(String name) throws IOException {
        try (Stream<Path> files = Files.list(instances().resolve(name))) {
            return files.filter(file -> !file.getFileName().toString().startsWith(".") && !file.equals(xml(name)))
                .sorted(Comparator.naturalOrder()).toList();
        }
    }

    Path xml(String name) {
        return instances().resolve(name).resolve(name + ".xml");
    }

    ArrayNode kept() throws IOException {
        ArrayNode kept = (ArrayNode) Json.read(folder.resolve("instances.json")).get("instances");
        return kept == null ? Json.array() : kept;
    }

    void mark(String instanceId, String state) throws IOException {
        ArrayNode all = kept();
        for (JsonNode one : all) if (instanceId.equals(Json.text(one, "instance_id"))) ((ObjectNode) one).put("state", state);
        keep(all);
    }

    private ObjectNode keepInstance(String name, String formId, ObjectNode filled, String deprecatedId) throws IOException {
        String instanceId = Xml.instanceId(Path.of(Json.text(filled, "xml")));
        ObjectNode one = Json.object().put("name", name).put("form", formId).put("instance_id", instanceId).put("state", "finalised");
        ArrayNode all = kept();
        all.add(one.put("deprecated_id", deprecatedId));
        keep(all);
        return filled.put("instance_id", instanceId).put("form", formId).put("deprecated_id", deprecatedId);
    }

    private ObjectNode instance(String instanceId) throws IOException {
        for (JsonNode one : kept()) if (instanceId.equals(Json.text(one, "instance_id"))) return (ObjectNode) one;
        throw new Refused("form", instanceId, "This device holds no instance " + instanceId + ".");
    }

    private void keep(ArrayNode all) throws IOException {
        Json.write(folder.resolve("instances.json"), Json.object().set("instances", all));
    }

    private Filling filling(String formId, Clock clock) {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("deviceid", wire.deviceId());
        for (String name : List.of("username", "email", "phonenumber")) {
            String value = Json.text(settings, name);
            if (value != null) properties.put(name, value);
        }
        return new Filling(xform(formId), media(formId), properties, clock);
    }

    private void writeLists(String formId) throws IOException {
        JsonNode form = form(formId);
        if (form == null) return;
        for (JsonNode file : form.get("lists")) EntityList.open(lists(), file.asText().replaceFirst("\\.csv.*$", "")).writeCsv(media(formId));
    }

    private String instanceName(String formId, Clock clock) throws IOException {
        String at = DateTimeFormatter.ofPattern("yyyy-MM-dd_HH-mm-ss").format(clock.now().toInstant().atZone(ZoneId.systemDefault()));
        return safe(formId) + "_" + at + "_" + (kept().size() + 1);
    }

    private ObjectNode forms() throws IOException {
        return Json.read(folder.resolve("forms.json"));
    }

    private Path instances() {
        return folder.resolve("instances");
    }

    private Path formFolder(String formId) {
        return folder.resolve("forms").resolve(safe(formId));
    }

    private static String safe(String formId) {
        return URLEncoder.encode(formId, StandardCharsets.UTF_8).replace("*", "%2A");
    }
}
