import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * The tablet's own copy of one entity list: what the server sent, what forms filled here added, and which is newer.
 *
 * A row is OFFLINE from its creation on this tablet until the server has listed it. Versions, trunk and branch follow Collect, so
 * that several updates made without network say which one follows which.
 */
final class EntityList {
    private static final Set<String> OWN_COLUMNS = Set.of("name", "label");

    private final Path file;
    private final ObjectNode state;
    final String name;

    private EntityList(Path file, String name, ObjectNode state) {
        this.file = file;
        this.name = name;
        this.state = state;
    }

    static EntityList open(Path folder, String name) throws IOException {
        Path file = folder.resolve(name + ".json");
        return new EntityList(file, name, Json.read(file));
    }

    /** A list is known once a manifest named it; forms add nothing to lists the tablet does not know. */
    boolean known() {
        return state.has("rows");
    }

    boolean hasHash(String hash) {
        return hash.equals(Json.text(state, "hash"));
    }

    /** Replace what the server says by what this CSV says. Raises: Refused, when Collect would drop the update or crash. */
    void take(String csv, String hash, boolean approval) throws IOException {
        List<List<String>> rows = Csv.read(csv);
        if (rows.isEmpty()) throw refused("the file is empty; even an empty list has its header");
        List<String> header = rows.get(0);
        if (!header.containsAll(List.of("name", "label", "__version"))) throw refused("the header lacks name, label or __version");
        ObjectNode local = rows();
        Set<String> listed = new LinkedHashSet<>();
        for (List<String> cells : rows.subList(1, rows.size())) {
            Map<String, String> row = row(header, cells);
            listed.add(row.get("name"));
            merge(local, row);
        }
        List<String> gone = new ArrayList<>();
        local.fields().forEachRemaining(one -> {
            if (!listed.contains(one.getKey()) && "ONLINE".equals(Json.text(one.getValue(), "state"))) gone.add(one.getKey());
        });
        gone.forEach(local::remove);
        state.put("hash", hash).put("approval", approval).set("rows", local);
        state.set("properties", Json.MAPPER.valueToTree(properties(header)));
        keep();
    }

    List<String> offline() {
        List<String> ids = new ArrayList<>();
        rows().fields().forEachRemaining(one -> {
            if ("OFFLINE".equals(Json.text(one.getValue(), "state"))) ids.add(one.getKey());
        });
        return ids;
    }

    void forget(String id) throws IOException {
        rows().remove(id);
        keep();
    }

    /** A form filled here created this entity. An approval list waits for the server instead. */
    void create(String id, String label, Map<String, String> properties) throws IOException {
        if (!known() || state.path("approval").asBoolean() || label == null || label.isBlank() || rows().has(id)) return;
        ObjectNode row = Json.object().put("label", label).put("version", 1).put("trunk", "");
        row.put("branch", UUID.randomUUID().toString()).put("state", "OFFLINE");
        row.set("properties", Json.MAPPER.valueToTree(properties));
        rows().set(id, row);
        keep();
    }

    /** A form filled here updated this entity: one version further on the same branch. */
    void update(String id, String label, Map<String, String> properties) throws IOException {
        if (!known() || !rows().has(id)) return;
        ObjectNode row = (ObjectNode) rows().get(id);
        row.put("version", row.get("version").asInt() + 1);
        if (label != null && !label.isBlank()) row.put("label", label);
        properties.forEach((property, value) -> ((ObjectNode) row.get("properties")).put(property, value));
        keep();
    }

    /** Write the list as the CSV a form's secondary instance reads, with the columns only the device knows. */
    void writeCsv(Path folder) throws IOException {
        Set<String> properties = new LinkedHashSet<>();
        state.path("properties").forEach(one -> properties.add(one.asText()));
        rows().forEach(row -> row.get("properties").fieldNames().forEachRemaining(properties::add));
        StringBuilder csv = new StringBuilder("name,label,__version,__trunkVersion,__branchId");
        properties.forEach(one -> csv.append(',').append(Csv.cell(one)));
        csv.append('\n');
        Iterator<Map.Entry<String, JsonNode>> each = rows().fields();
        while (each.hasNext()) {
            Map.Entry<String, JsonNode> one = each.next();
            JsonNode row = one.getValue();
            csv.append(Csv.cell(one.getKey())).append(',').append(Csv.cell(Json.text(row, "label")));
            for (String column : List.of("version", "trunk", "branch")) csv.append(',').append(Json.text(row, column));
            properties.forEach(property -> csv.append(',').append(Csv.cell(row.get("properties").path(property).asText(""))));
            csv.append('\n');
        }
        Files.createDirectories(folder);
        Files.writeString(folder.resolve(name + ".csv"), csv, StandardCharsets.UTF_8);
    }

    ObjectNode rows() {
        return state.has("rows") ? (ObjectNode) state.get("rows") : Json.object();
    }

    private void keep() throws IOException {
        Json.write(file, state);
    }

    private Map<String, String> row(List<String> header, List<String> cells) {
        Map<String, String> row = new LinkedHashMap<>();
        for (int at = 0; at < header.size(); at++) row.put(header.get(at), at < cells.size() ? cells.get(at) : null);
        if (row.get("name") == null || row.get("label") == null || row.get("__version") == null) {
            throw refused("a row lacks its name, label or __version");
        }
        if (!row.get("__version").matches("[1-9][0-9]*")) throw refused("__version is not an integer from 1");
        return row;
    }

    /** The newer side wins; at the same version a row changed here gives way to the server's. */
    private static void merge(ObjectNode local, Map<String, String> sent) {
        int version = Integer.parseInt(sent.get("__version"));
        ObjectNode known = (ObjectNode) local.get(sent.get("name"));
        if (known != null) {
            int here = known.get("version").asInt();
            boolean dirty = !String.valueOf(here).equals(Json.text(known, "trunk"));
            if (version < here) {
                known.put("state", "ONLINE");
                return;
            }
            if (version == here && !dirty) return;
        }
        ObjectNode row = Json.object().put("label", sent.get("label")).put("version", version).put("trunk", String.valueOf(version));
        row.put("branch", UUID.randomUUID().toString()).put("state", "ONLINE");
        ObjectNode properties = row.putObject("properties");
        properties(List.copyOf(sent.keySet())).forEach(one -> properties.put(one, sent.get(one) == null ? "" : sent.get(one)));
        local.set(sent.get("name"), row);
    }

    private static List<String> properties(List<String> header) {
        return header.stream().filter(one -> !OWN_COLUMNS.contains(one) && !one.startsWith("__")).toList();
    }

    private Refused refused(String why) {
        return new Refused("entity list", name, "The entity list " + name + " cannot be taken: " + why + ".");
    }
}
