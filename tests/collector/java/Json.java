import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** JSON as the collector speaks it on its standard streams and keeps it in a device's folder. */
final class Json {
    static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static ArrayNode array() {
        return MAPPER.createArrayNode();
    }

    static ObjectNode read(Path file) throws IOException {
        return Files.exists(file) ? (ObjectNode) MAPPER.readTree(Files.readString(file, StandardCharsets.UTF_8)) : object();
    }

    /** Written beside and moved into place: a device that dies between two bytes keeps its former state. */
    static void write(Path file, JsonNode node) throws IOException {
        Files.createDirectories(file.getParent());
        Path beside = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(beside, MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node), StandardCharsets.UTF_8);
        Files.move(beside, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    static String text(JsonNode node, String name) {
        JsonNode value = node == null ? null : node.get(name);
        return value == null || value.isNull() ? null : value.asText();
    }

    static JsonNode or(JsonNode node, String name, JsonNode otherwise) {
        JsonNode value = node == null ? null : node.get(name);
        return value == null || value.isNull() ? otherwise : value;
    }
}
