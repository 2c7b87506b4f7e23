import java.net.URI;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who asks, as Collect's HTTP client proves it: nothing at first, an answer to the first challenge that it can meet, and from then
 * on credentials at once, for every address of that host, until a 401 makes it begin anew.
 *
 * Source: how okhttp-digest behaves as Collect sets it up: Digest everywhere, Basic over https only. A nonce is used for any number
 * of requests, each with the next count and the same cnonce; one that the server calls stale is replaced without asking anybody.
 */
final class SigningIn {
    private static final Pattern PARAMETER = Pattern.compile("(\\w+)=(?:\"([^\"]*)\"|([^\\s,]+))");
    private static final SecureRandom RANDOM = new SecureRandom();

    private final String username;
    private final String password;
    private final boolean basicOverHttp;
    private final Set<String> knownHosts = new HashSet<>();
    private Map<String, String> challenge = Map.of();
    private String lastNonce;
    private String cnonce;
    private long count;

    SigningIn(String username, String password, boolean basicOverHttp) {
        this.username = username;
        this.password = password;
        this.basicOverHttp = basicOverHttp;
    }

    /** What to send without having been asked, or null. */
    String atOnce(String method, URI address) {
        if (!knownHosts.contains(host(address))) return null;
        if (challenge.containsKey("realm")) return digest(method, address);
        return offersBasic(address) ? basic() : null;
    }

    /** Whether something had been sent to this host without being asked, which will not be done again before the next challenge. */
    boolean forget(URI address) {
        return knownHosts.remove(host(address));
    }

    /** What to answer to the challenges of a 401, or null when that was tried; *said* is what the refused request carried. */
    String answer(String method, URI address, String said, List<String> challenges) {
        for (String line : challenges) {
            String scheme = line.split(" ", 2)[0].toLowerCase(Locale.ROOT);
            if (scheme.equals("digest")) return answerDigest(method, address, said, line);
            if (scheme.equals("basic") && offersBasic(address)) return said != null && said.startsWith("Basic ") ? null : known(address, basic());
        }
        return null;
    }

    private String answerDigest(String method, URI address, String said, String line) {
        if (!line.startsWith("Digest ")) throw new IllegalArgumentException("unsupported auth scheme: " + line);
        challenge = parameters(line);
        boolean again = said != null && said.startsWith("Digest ");
        if (again && !"true".equalsIgnoreCase(challenge.get("stale"))) return null;
        return known(address, digest(method, address));
    }

    private String known(URI address, String said) {
        knownHosts.add(host(address));
        return said;
    }

    private boolean offersBasic(URI address) {
        return basicOverHttp || "https".equals(address.getScheme());
    }

    private String basic() {
        return "Basic " + Base64.getEncoder().encodeToString((username + ":" + password).getBytes(StandardCharsets.ISO_8859_1));
    }

    private String digest(String method, URI address) {
        String qop = challenge.get("qop");
        if (qop != null && !List.of(qop.toLowerCase(Locale.ROOT).split("\\s*,\\s*")).contains("auth"))
            throw new IllegalArgumentException("None of the qop methods is supported: " + qop);
        String nonce = challenge.get("nonce");
        if (!nonce.equals(lastNonce)) {
            lastNonce = nonce;
            count = 0;
            cnonce = HexFormat.of().formatHex(random(8));
        }
        String nc = String.format(Locale.ROOT, "%08x", ++count);
        String uri = address.getRawPath() + (address.getRawQuery() == null ? "" : "?" + address.getRawQuery());
        String realm = challenge.get("realm");
        String ha1 = md5(username + ":" + realm + ":" + password);
        String ha2 = md5(method + ":" + uri);
        String response = md5(qop == null ? ha1 + ":" + nonce + ":" + ha2 : String.join(":", ha1, nonce, nc, cnonce, "auth", ha2));
        String counted = qop == null ? "" : ", qop=auth, nc=" + nc + ", cnonce=\"" + cnonce + "\"";
        String opaque = challenge.containsKey("opaque") ? ", opaque=\"" + challenge.get("opaque") + "\"" : "";
        return "Digest username=\"" + username + "\", realm=\"" + realm + "\", nonce=\"" + nonce + "\", uri=\"" + uri + "\", response=\""
            + response + "\"" + counted + ", algorithm=" + challenge.getOrDefault("algorithm", "MD5") + opaque;
    }

    private String md5(String text) {
        return Wire.md5(text.getBytes(Charset.forName(challenge.getOrDefault("charset", "US-ASCII"))));
    }

    private static byte[] random(int bytes) {
        byte[] made = new byte[bytes];
        RANDOM.nextBytes(made);
        return made;
    }

    private static Map<String, String> parameters(String line) {
        Map<String, String> found = new HashMap<>();
        Matcher one = PARAMETER.matcher(line);
        while (one.find()) found.put(one.group(1), one.group(2) != null ? one.group(2) : one.group(3));
        return found;
    }

    private static String host(URI address) {
        return address.getScheme() + "://" + address.getHost() + ":" + address.getPort();
    }
}
