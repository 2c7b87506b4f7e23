import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What the device would not do, and why, in words a form designer or a server author can act on.
 *
 * Kinds from filling: "never asked", "not offered", "constraint", "required", "read only", "wrong type", "no such question",
 * "ambiguous", "form". Kinds from the wire: "list", "manifest", "download", "entity list", "integrity".
 */
final class Refused extends RuntimeException {
    final String kind;
    final String ref;

    Refused(String kind, String ref, String says) {
        super(says);
        this.kind = kind;
        this.ref = ref;
    }

    void into(ObjectNode reply) {
        reply.put("kind", kind).put("ref", ref).put("says", getMessage());
    }
}
