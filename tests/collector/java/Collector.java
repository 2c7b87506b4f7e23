import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A field client without a screen: one JSON request a line on standard input, one reply a line on standard output.
 *
 * {"do": "refresh", "device": {...}} · {"do": "fill", "device", "form", "sheet", "clock"} · {"do": "edit", "device", "instance",
 * "sheet", "clock"} · {"do": "send", "device", ...} · {"do": "restart", "device"} · {"do": "try", "xform", "media", "folder", "sheet", "clock"}. The last fills a
 * local XForm without any device. A refusal is a reply with "refused"; anything else unexpected is a reply with "broken".
 */
public final class Collector {
    private static final Map<String, Device> DEVICES = new HashMap<>();

    private Collector() {}

    public static void main(String[] args) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);  // JavaRosa prints; the replies must stay alone on their stream
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(Json.MAPPER.writeValueAsString(reply(line)));
        }
    }

    private static ObjectNode reply(String line) {
        ObjectNode reply;
        Device device = null;
        try {
            JsonNode ask = Json.MAPPER.readTree(line);
            device = ask.has("device") ? DEVICES.computeIfAbsent(ask.get("device").toString(), one -> new Device(ask.get("device"))) : null;
            reply = answer(ask, device);
        } catch (Refused refused) {
            reply = Json.object();
            refused.into(reply.putObject("refused"));
        } catch (Exception e) {
            e.printStackTrace();
            reply = Json.object().put("broken", String.valueOf(e));
        }
        if (device != null) reply.set("requests", device.wire.takeRequests());
        return reply;
    }

    private static ObjectNode answer(JsonNode ask, Device device) throws IOException {
        Clock clock = new Clock(Json.text(ask, "clock"));
        JsonNode sheet = Json.or(ask, "sheet", Json.object());
        return switch (ask.path("do").asText()) {
            case "refresh" -> new Refreshing(device).refresh();
            case "fill" -> device.fill(Json.text(ask, "form"), sheet, clock);
            case "edit" -> device.edit(Json.text(ask, "instance"), sheet, clock);
            case "send" -> (ObjectNode) Json.object().set("sent", new Sending(device, ask).send(Json.or(ask, "only", null), ask.path("again").asBoolean()));
            case "restart" -> restarted(ask.get("device"));
            case "try" -> attempt(ask, sheet, clock);
            default -> throw new Refused("form", ask.path("do").asText(), "Unknown request.");
        };
    }

    /** The app was ended and opened again: what it had only in its memory is gone. */
    private static ObjectNode restarted(JsonNode device) {
        DEVICES.remove(device.toString());
        return Json.object();
    }

    private static ObjectNode attempt(JsonNode ask, JsonNode sheet, Clock clock) throws IOException {
        Map<String, String> properties = new LinkedHashMap<>();
        Json.or(ask, "properties", Json.object()).fields().forEachRemaining(one -> properties.put(one.getKey(), one.getValue().asText()));
        Filling filling = new Filling(Path.of(Json.text(ask, "xform")), Path.of(Json.text(ask, "media")), properties, clock);
        String earlier = Json.text(ask, "earlier");
        ObjectNode filled = filling.fill(sheet, earlier == null ? null : Path.of(earlier), Path.of(Json.text(ask, "folder")));
        return filled.put("instance_id", Xml.instanceId(Path.of(Json.text(filled, "xml"))));
    }
}
