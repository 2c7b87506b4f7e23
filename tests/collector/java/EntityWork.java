import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.w3c.dom.Element;

/**
 * What a finalised instance does to entity lists on the tablet itself, so that the next form knows it before any sync.
 *
 * An answer belongs to the closest enclosing container that declares an entity in its meta.
 */
final class EntityWork {
    private static final String ENTITIES = "http://www.opendatakit.org/xforms/entities";

    private EntityWork() {}

    static void apply(Path xform, Path instance, Path lists) throws IOException {
        Map<String, String> saveTo = new HashMap<>();
        saveTos(Xml.file(xform), saveTo);
        container(Xml.file(instance), "", saveTo, lists, new LinkedHashMap<>());
    }

    private static void saveTos(Element element, Map<String, String> found) {
        String property = element.getAttributeNS(ENTITIES, "saveto");
        if ("bind".equals(element.getLocalName()) && !property.isEmpty()) {
            String nodeset = element.getAttribute("nodeset").trim();
            found.put(nodeset.substring(nodeset.indexOf('/', 1)), property);
        }
        Xml.children(element).forEach(child -> saveTos(child, found));
    }

    private static void container(Element node, String path, Map<String, String> saveTo, Path lists, Map<String, String> outer)
            throws IOException {
        Element meta = Xml.child(node, "meta");
        Element entity = meta == null ? null : Xml.child(meta, "entity");
        Map<String, String> mine = entity == null ? outer : new LinkedHashMap<>();
        for (Element child : Xml.children(node)) {
            if (child == meta) continue;
            String at = path + "/" + child.getLocalName();
            if (saveTo.containsKey(at)) mine.put(saveTo.get(at), child.getTextContent());
            container(child, at, saveTo, lists, mine);
        }
        if (entity != null) act(entity, mine, EntityList.open(lists, entity.getAttribute("dataset")));
    }

    private static void act(Element entity, Map<String, String> properties, EntityList list) throws IOException {
        String id = entity.getAttribute("id");
        Element label = Xml.child(entity, "label");
        String text = label == null ? null : label.getTextContent();
        if (yes(entity.getAttribute("update"))) list.update(id, text, properties);
        else if (yes(entity.getAttribute("create"))) list.create(id, text, properties);
    }

    private static boolean yes(String value) {
        return "1".equals(value) || "true".equalsIgnoreCase(value);
    }
}
