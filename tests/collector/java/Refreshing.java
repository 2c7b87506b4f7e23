import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.kxml2.kdom.Element;
import org.xmlpull.v1.XmlPullParserException;

/**
 * The tablet matching the server exactly: list, manifests, forms, media, entity lists; forms no longer listed go.
 *
 * Refuses what Collect refuses: a list with one incomplete entry, a wrong content type, a missing version header. It is stricter in
 * two places where Collect only suffers: a form or a media file whose bytes have another MD5 than announced is refused.
 */
final class Refreshing {
    private static final String LIST = "http://openrosa.org/xforms/xformsList";
    private static final String MANIFEST = "http://openrosa.org/xforms/xformsManifest";

    private final Device device;
    private final Wire wire;

    Refreshing(Device device) {
        this.device = device;
        this.wire = device.wire;
    }

    private record Listed(String id, String name, String version, String hash, String downloadUrl, String manifestUrl) {}

    private record MediaFile(String name, String hash, String downloadUrl, String integrityUrl, boolean entityList, boolean approval) {}

    ObjectNode refresh() throws IOException {
        List<Listed> listed = list();
        ArrayNode forms = Json.array();
        Set<String> ids = new HashSet<>();
        for (Listed form : listed) {
            if (!ids.add(form.id)) throw new Refused("list", form.id, "The form " + form.id + " is listed twice.");
            forms.add(take(form));
        }
        ArrayNode removed = Json.array();
        for (String id : device.formIds()) {
            if (ids.contains(id)) continue;
            device.removeForm(id);
            removed.add(id);
        }
        ObjectNode reply = Json.object();
        reply.set("forms", forms);
        reply.set("removed", removed);
        return reply;
    }

    private List<Listed> list() throws IOException {
        String url = wire.asDevice(wire.server().replaceAll("/+$", "") + "/formList");
        Element root = openRosa(url, "list", "xforms", LIST);
        List<Listed> forms = new ArrayList<>();
        for (Element xform : Xml.children(root, LIST)) {
            if (!"xform".equals(xform.getName())) continue;
            String hash = text(xform, LIST, "hash");
            Listed form = new Listed(text(xform, LIST, "formID"), text(xform, LIST, "name"), text(xform, LIST, "version"),
                hash != null && hash.startsWith("md5:") ? hash.substring(4) : null, text(xform, LIST, "downloadUrl"), text(xform, LIST, "manifestUrl"));
            if (form.id == null || form.name == null || form.downloadUrl == null) {
                throw new Refused("list", form.id, "An entry lacks formID, name or downloadUrl; Collect refuses the whole list.");
            }
            if (form.hash == null) throw new Refused("list", form.id, "The form " + form.id + " has no hash that begins with md5:.");
            forms.add(form);
        }
        return forms;
    }

    private ObjectNode take(Listed form) throws IOException {
        List<MediaFile> manifest = form.manifestUrl == null ? List.of() : manifest(form.manifestUrl);
        JsonNode known = device.form(form.id);
        boolean hasLists = manifest.stream().anyMatch(MediaFile::entityList);
        boolean same = known != null && form.hash.equals(Json.text(known, "hash"));
        // Collect takes a form with an entity list for changed at each refresh, because no file has the list's hash.
        if (!same || hasLists) download(form);
        ArrayNode taken = Json.array();
        for (MediaFile file : manifest) {
            boolean changed = file.entityList ? entityList(file) : media(form.id, file);
            if (changed) taken.add(file.name);
        }
        ObjectNode kept = Json.object().put("name", form.name).put("version", form.version).put("hash", form.hash);
        kept.set("lists", Json.MAPPER.valueToTree(manifest.stream().filter(MediaFile::entityList).map(MediaFile::name).toList()));
        device.keepForm(form.id, kept);
        ObjectNode told = Json.object().put("id", form.id).put("name", form.name).put("version", form.version).put("hash", form.hash);
        told.put("state", known == null ? "new" : same ? "unchanged" : "updated").set("media_taken", taken);
        return told;
    }

    private void download(Listed form) throws IOException {
        byte[] bytes = fetch(form.downloadUrl);
        if (!Wire.md5(bytes).equals(form.hash)) {
            throw new Refused("download", form.id, "The bytes of the form " + form.id + " do not have the MD5 that the list announces.");
        }
        Path xform = device.xform(form.id);
        Files.createDirectories(xform.getParent());
        Files.write(xform, bytes);
        org.w3c.dom.Element root = primaryInstance(xform);
        String version = root.getAttribute("version").isBlank() ? null : root.getAttribute("version");
        if (!form.id.equals(root.getAttribute("id")) || !java.util.Objects.equals(version, form.version)) {
            throw new Refused("download", form.id, "The list and the XForm name different ids or versions for " + form.id + ".");
        }
    }

    private static org.w3c.dom.Element primaryInstance(Path xform) throws IOException {
        org.w3c.dom.Element head = Xml.child(Xml.file(xform), "head");
        org.w3c.dom.Element instance = Xml.child(Xml.child(head, "model"), "instance");
        return Xml.children(instance).get(0);
    }

    private List<MediaFile> manifest(String url) throws IOException {
        List<MediaFile> files = new ArrayList<>();
        for (Element file : Xml.children(openRosa(wire.asDevice(url), "manifest", "manifest", MANIFEST), MANIFEST)) {
            if (!"mediaFile".equals(file.getName())) continue;
            String name = text(file, MANIFEST, "filename");
            String hash = text(file, MANIFEST, "hash");
            String downloadUrl = text(file, MANIFEST, "downloadUrl");
            if (name == null || hash == null || downloadUrl == null) {
                throw new Refused("manifest", name, "A media file lacks filename, hash or downloadUrl; Collect drops the whole manifest.");
            }
            if (!hash.startsWith("md5:")) throw new Refused("manifest", name, "The hash of " + name + " does not begin with md5:.");
            String type = file.getAttributeValue(null, "type");
            boolean approval = "approvalEntityList".equals(type);
            files.add(new MediaFile(name.substring(name.lastIndexOf('/') + 1), hash.substring(4), downloadUrl,
                text(file, MANIFEST, "integrityUrl"), approval || "entityList".equals(type), approval));
        }
        return files;
    }

    private boolean media(String formId, MediaFile file) throws IOException {
        Path folder = device.media(formId);
        Files.createDirectories(folder);
        try (Stream<Path> kept = Files.list(folder)) {
            for (Path one : kept.filter(Files::isRegularFile).toList()) {
                if (Wire.md5(Files.readAllBytes(one)).equals(file.hash)) return false;
            }
        }
        byte[] bytes = fetch(file.downloadUrl);
        if (!Wire.md5(bytes).equals(file.hash)) {
            throw new Refused("download", file.name, "The bytes of " + file.name + " do not have the MD5 that the manifest announces.");
        }
        Files.write(folder.resolve(file.name), bytes);
        return true;
    }

    private boolean entityList(MediaFile file) throws IOException {
        EntityList list = EntityList.open(device.lists(), file.name.replaceFirst("\\.csv.*$", ""));
        boolean changed = !list.known() || !list.hasHash(file.hash);
        if (changed) list.take(new String(fetch(file.downloadUrl), StandardCharsets.UTF_8), file.hash, file.approval);
        List<String> unsure = list.offline();
        if (!unsure.isEmpty() && file.integrityUrl != null) forgetDeleted(list, file.integrityUrl, unsure);
        return changed;
    }

    private void forgetDeleted(EntityList list, String integrityUrl, List<String> ids) throws IOException {
        String id = "id=" + URLEncoder.encode(String.join(",", ids), StandardCharsets.UTF_8);
        String url = wire.asDevice(integrityUrl + (integrityUrl.contains("?") ? "&" : "?") + id);
        Element root = openRosa(url, "integrity", "data", null);
        Element entities = only(root, "entities");
        for (Element entity : Xml.children(entities, (String) null)) {
            String deleted = Xml.text(only(entity, "deleted"));
            if (!"true".equals(deleted) && !"false".equals(deleted)) throw new Refused("integrity", list.name, "deleted is neither true nor false.");
            if ("true".equals(deleted)) list.forget(entity.getAttributeValue(null, "id"));
        }
    }

    private static Element only(Element parent, String name) {
        List<Element> named = Xml.children(parent, (String) null).stream().filter(one -> name.equals(one.getName())).toList();
        if (named.size() != 1) throw new Refused("integrity", name, "The integrity answer needs exactly one <" + name + ">.");
        return named.get(0);
    }

    private byte[] fetch(String url) throws IOException {
        Wire.Answer got = wire.get(wire.asDevice(url));
        if (got.status() != 200) throw new Refused("download", url, "The server answered a download with " + got.status() + ".");
        return got.body();
    }

    private Element openRosa(String url, String kind, String rootName, String namespace) throws IOException {
        Wire.Answer got = wire.get(url);
        if (got.status() == 401) throw new Refused(kind, url, "The server asks for a user name and password (401).");
        if (got.status() == 404) throw new Refused(kind, url, "Nothing answers at this address (404).");
        if (got.status() != 200) throw new Refused(kind, url, "Server error " + got.status() + ".");
        if (got.openRosaVersion() == null) throw new Refused(kind, url, "Not an OpenRosa server: the header X-OpenRosa-Version is missing.");
        if (got.contentType() != null && !got.contentType().toLowerCase(Locale.ROOT).contains("text/xml")) {
            throw new Refused(kind, url, "The content type is " + got.contentType() + ", not text/xml.");
        }
        try {
            Element root = Xml.answer(got.body());
            boolean right = rootName.equals(root.getName()) && (namespace == null || namespace.equalsIgnoreCase(root.getNamespace()));
            if (!right) throw new Refused(kind, url, "The root is not <" + rootName + "> in its namespace.");
            return root;
        } catch (XmlPullParserException e) {
            throw new Refused(kind, url, "kXML2 cannot read the answer: " + e.getMessage());
        }
    }

    private static String text(Element parent, String namespace, String name) {
        String text = null;
        for (Element child : Xml.children(parent, namespace)) if (name.equals(child.getName())) text = Xml.text(child);
        return text;
    }
}
