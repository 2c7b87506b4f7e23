import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;

/**
 * Finalised instances on their way: HEAD, then one POST or several, with the XML in each and a mark on all but the last.
 *
 * Only 201 and 202 are success. A failed instance stays on the device and goes again, whole, with the next sending.
 */
final class Sending {
    private static final long DEFAULT_MAX_BYTES = 10_000_000;
    private static final int DEFAULT_MAX_FILES = 100;
    private static final Map<String, String> TYPES = Map.ofEntries(Map.entry("xml", "text/xml"), Map.entry("jpg", "image/jpeg"),
        Map.entry("jpeg", "image/jpeg"), Map.entry("png", "image/png"), Map.entry("3gp", "video/3gpp"), Map.entry("mp4", "video/mp4"),
        Map.entry("csv", "text/csv"), Map.entry("m4a", "audio/mp4"), Map.entry("amr", "audio/amr"), Map.entry("pdf", "application/pdf"));

    private final Device device;
    private final Wire wire;
    private final long maxBytes;
    private final int maxFiles;
    private final int stopAfter;

    /** @param ask max_bytes and max_files per request, stop_after: lose the network after so many POSTs, repeat_lost: see Wire. */
    Sending(Device device, JsonNode ask) {
        this.device = device;
        this.wire = device.wire;
        maxBytes = ask.path("max_bytes").asLong(0);
        maxFiles = ask.path("max_files").asInt(DEFAULT_MAX_FILES);
        stopAfter = ask.path("stop_after").asInt(Integer.MAX_VALUE);
        wire.repeatLost(ask.path("repeat_lost").asInt(0));
    }

    private static final class Failed extends Exception {
        Failed(String says) {
            super(says);
        }
    }

    /** @param only instance ids, or null for all; again: also what was sent already. */
    ArrayNode send(JsonNode only, boolean again) throws IOException {
        ArrayNode results = Json.array();
        for (JsonNode one : device.kept()) {
            String id = Json.text(one, "instance_id");
            boolean wanted = only == null ? again || !"sent".equals(Json.text(one, "state")) : contains(only, id);
            if (wanted) results.add(sendOne(id, Json.text(one, "name"), Json.text(one, "form")));
        }
        return results;
    }

    private static boolean contains(JsonNode ids, String id) {
        for (JsonNode one : ids) if (one.asText().equals(id)) return true;
        return false;
    }

    private ObjectNode sendOne(String instanceId, String name, String formId) throws IOException {
        ObjectNode result = Json.object().put("instance_id", instanceId).put("form", formId).put("head", 0).put("status", 0).put("posts", 0);
        try {
            result.put("message", upload(name, result)).put("ok", true);
        } catch (Failed | IOException e) {
            result.put("message", e instanceof Failed ? e.getMessage() : "the connection broke: " + e.getClass().getSimpleName()).put("ok", false);
        }
        device.mark(instanceId, result.get("ok").asBoolean() ? "sent" : "failed");
        return result;
    }

    private String upload(String name, ObjectNode result) throws IOException, Failed {
        String url = wire.asDevice(wire.server().replaceAll("/$", "") + "/submission");
        Wire.Answer head = wire.head(url);
        result.put("head", head.status());
        long limit = DEFAULT_MAX_BYTES;
        if (head.status() == 204) {
            limit = limit(head.acceptLength());
            if (head.location() != null) url = elsewhere(url, head.location());
        } else if (head.status() == 401) {
            throw new Failed("The server asks for a user name and password (401).");
        } else if (head.status() >= 200 && head.status() < 300) {
            throw new Failed("HEAD answered " + head.status() + ", so this is no OpenRosa endpoint; it must be 204.");
        }
        return post(url, name, maxBytes > 0 ? Math.min(maxBytes, limit) : limit, result);
    }

    private static long limit(String header) {
        return header != null && header.matches("[0-9]{1,18}") ? Long.parseLong(header) : DEFAULT_MAX_BYTES;
    }

    /** Collect decodes the address once more, keeps its own query when none is given, and goes to no other host. */
    private static String elsewhere(String url, String location) throws Failed {
        String decoded = URLDecoder.decode(location, StandardCharsets.UTF_8);
        String host = URI.create(decoded).getHost();
        if (host == null || !host.equalsIgnoreCase(URI.create(url).getHost())) throw new Failed("Unexpected redirection to another host.");
        return decoded.contains("?") ? decoded : decoded + url.substring(url.indexOf('?'));
    }

    private String post(String url, String name, long limit, ObjectNode result) throws IOException, Failed {
        Path xml = device.xml(name);
        List<Path> files = device.attachments(name);
        int at = 0;
        String message = "";
        do {
            if (result.get("posts").asInt() == stopAfter) throw new Failed("The network was lost after " + stopAfter + " requests.");
            int end = batchEnd(xml, files, at, limit);
            boolean more = end < files.size();
            Multipart body = new Multipart();
            body.file("xml_submission_file", xml, "text/xml");
            for (Path file : files.subList(at, end)) body.file(file.getFileName().toString(), file, type(file));
            if (more) body.field("*isIncomplete*", "yes");
            Wire.Answer got = wire.post(url, body.contentType(), body.publisher());
            result.put("posts", result.get("posts").asInt() + 1).put("status", got.status());
            message = judge(got);
            at = end;
        } while (at < files.size());
        return message;
    }

    /** Where this request ends: at least one file goes along, however big; then as many as fit. */
    private int batchEnd(Path xml, List<Path> files, int start, long limit) throws IOException {
        long bytes = Files.size(xml);
        int at = start;
        while (at < files.size()) {
            bytes += Files.size(files.get(at));
            at++;
            if (at < files.size() && (at - start > maxFiles || bytes + Files.size(files.get(at)) > limit)) break;
        }
        return at;
    }

    private static String judge(Wire.Answer got) throws Failed {
        String message = message(got.body());
        if (got.status() == 201 || got.status() == 202) return message == null ? "" : message;
        if (got.status() == 200) throw new Failed("200 is taken for a network login page; success is 201 or 202.");
        if (got.status() == 204) throw new Failed("204 breaks the client; success is 201 or 202.");
        throw new Failed(message == null ? "(" + got.status() + ")" : message);
    }

    /** The first message of an OpenRosaResponse with unprefixed names, or null. */
    private static String message(byte[] body) {
        try {
            Element root = Xml.parsed(new ByteArrayInputStream(body));
            if (!"OpenRosaResponse".equals(root.getNodeName())) return null;
            for (Element child : Xml.children(root)) if ("message".equals(child.getNodeName())) return child.getTextContent();
            return null;
        } catch (SAXException | IOException e) {
            return null;
        }
    }

    private static String type(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return TYPES.getOrDefault(name.substring(name.lastIndexOf('.') + 1), "application/octet-stream");
    }

    /** A form-data body as OkHttp writes it: part name = file name, raw UTF-8, only quotes and line ends escaped. */
    private static final class Multipart {
        private final String boundary = UUID.randomUUID().toString();
        private final List<BodyPublisher> parts = new ArrayList<>();

        String contentType() {
            return "multipart/form-data; boundary=" + boundary;
        }

        void file(String name, Path file, String type) throws IOException {
            head(name, "; filename=\"" + escaped(file.getFileName().toString()) + "\"", "Content-Type: " + type + "\r\n");
            parts.add(BodyPublishers.ofFile(file));
            parts.add(BodyPublishers.ofString("\r\n"));
        }

        void field(String name, String value) {
            head(name, "", "");
            parts.add(BodyPublishers.ofString(value + "\r\n"));
        }

        BodyPublisher publisher() {
            parts.add(BodyPublishers.ofString("--" + boundary + "--\r\n"));
            return BodyPublishers.concat(parts.toArray(new BodyPublisher[0]));
        }

        private void head(String name, String filename, String type) {
            String disposition = "Content-Disposition: form-data; name=\"" + escaped(name) + "\"" + filename;
            parts.add(BodyPublishers.ofString("--" + boundary + "\r\n" + disposition + "\r\n" + type + "\r\n"));
        }

        private static String escaped(String name) {
            return name.replace("\"", "%22").replace("\r", "%0D").replace("\n", "%0A");
        }
    }
}
