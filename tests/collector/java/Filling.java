import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.SubmissionProfile;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.services.transport.payload.ByteArrayPayload;
import org.javarosa.model.xform.XFormSerializingVisitor;
import org.javarosa.model.xform.XPathReference;

/**
 * From an XForm and an answer file to a finalised instance folder: the XML, the files it names and audit.csv.
 *
 * What JavaRosa leaves to Collect is done here as Collect does it: deprecatedID and a new instanceID for an edit, the audit log.
 */
final class Filling {
    private final Path xform;
    private final Path media;
    private final Map<String, String> properties;
    private final Clock clock;

    Filling(Path xform, Path media, Map<String, String> properties, Clock clock) {
        this.xform = xform;
        this.media = media;
        this.properties = properties;
        this.clock = clock;
    }

    /**
     * @param sheet an answer file: answers, repeats, files, language.
     * @param earlier the instance to edit, or null.
     * @param folder the instance folder to make; made only when the form could be finalised.
     */
    ObjectNode fill(JsonNode sheet, Path earlier, Path folder) throws IOException {
        boolean editing = earlier != null;
        FormDef form = OpenForm.open(xform, media, properties, clock, editing ? Files.readString(earlier) : null);
        Answers answers = new Answers(form, Json.or(sheet, "answers", Json.object()), Json.or(sheet, "repeats", Json.object()));
        Walk walk = new Walk(form, answers, clock, editing);
        walk.language(Json.text(sheet, "language"));
        walk.toTheEnd();
        if (editing) replace(form);
        String audit = AuditLog.write(form, walk.path(), clock, editing, properties.getOrDefault("username", ""));
        byte[] xml = serialise(form);

        Files.createDirectories(folder);
        Path file = folder.resolve(folder.getFileName() + ".xml");
        Files.write(file, xml);
        ArrayNode names = Json.array();
        for (String name : walk.attachments()) {
            names.add(name);
            attach(folder.resolve(name), earlier, Json.or(sheet, "files", Json.object()).get(name));
        }
        if (audit != null) {
            Files.writeString(folder.resolve(AuditLog.FILE), audit, StandardCharsets.UTF_8);
            names.add(AuditLog.FILE);
        }
        names = encrypted(form, file, names);
        OpenForm.remember(media, xml);
        ObjectNode filled = Json.object().put("xml", file.toString());
        filled.set("files", names);
        filled.set("path", walk.path());
        return filled;
    }

    /** A form with a public key leaves nothing plain behind; what is sent is the envelope and its files. */
    private static ArrayNode encrypted(FormDef form, Path file, ArrayNode names) throws IOException {
        SubmissionProfile profile = form.getSubmissionProfile();
        String publicKey = profile == null ? null : profile.getAttribute("base64RsaPublicKey");
        if (publicKey == null) return names;
        TreeElement root = form.getMainInstance().getRoot();
        List<String> plain = new ArrayList<>();
        for (JsonNode name : names) plain.add(name.asText());
        String instanceId = AuditLog.meta(form).getFirstChild("instanceID").getValue().uncast().getString();
        try {
            String version = root.getAttributeValue(null, "version");
            Encryption encryption = new Encryption(publicKey, root.getAttributeValue(null, "id"), version, instanceId);
            ArrayNode sealed = Json.array();
            for (String name : encryption.seal(file, plain)) sealed.add(name);
            return sealed;
        } catch (GeneralSecurityException e) {
            throw new Refused("form", file.getFileName().toString(), "The form's public key cannot be used: " + e.getMessage());
        }
    }

    /** A file the earlier instance has is kept, unless the answer file makes it anew. */
    private static void attach(Path target, Path earlier, JsonNode wanted) throws IOException {
        if (Files.exists(target)) return;
        Path kept = earlier == null ? null : earlier.resolveSibling(target.getFileName());
        if (wanted == null && kept != null && Files.exists(kept)) Files.copy(kept, target);
        else Attachments.make(target, wanted);
    }

    /** Collect writes deprecatedID without a namespace, even inside orx:meta. */
    private static void replace(FormDef form) {
        TreeElement meta = AuditLog.meta(form);
        TreeElement instanceId = meta.getFirstChild("instanceID");
        TreeElement deprecatedId = meta.getFirstChild("deprecatedID");
        if (deprecatedId == null) {
            deprecatedId = new TreeElement("deprecatedID");
            meta.addChild(deprecatedId);
        }
        deprecatedId.setAnswer(new StringData(instanceId.getValue().uncast().getString()));
        instanceId.setAnswer(new StringData("uuid:" + UUID.randomUUID()));
    }

    private static byte[] serialise(FormDef form) throws IOException {
        ByteArrayPayload payload = (ByteArrayPayload) new XFormSerializingVisitor()
            .createSerializedPayload(form.getMainInstance(), new XPathReference("/"));
        try (InputStream in = payload.getPayloadStream()) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            in.transferTo(out);
            return out.toByteArray();
        }
    }
}
