import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.SimpleDateFormat;
import java.time.Duration;
import java.util.Date;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.TimeZone;
import java.util.zip.GZIPInputStream;

/**
 * HTTP as Collect speaks it: its headers, its cache, its way with credentials, no cookies.
 *
 * Source: openrosa.org's HTTP request API and Collect's OkHttp connection. The Date header keeps Collect's 12-hour clock, which is
 * wrong every afternoon, because servers must bear it.
 */
final class Wire {
    private static final int FOLLOW_UPS_MOST = 20;
    private static final int LOST = -1;
    static final String USER_AGENT = "org.odk.collect.android/v2026.2.0 Dalvik/2.1.0 (Linux; U; Android 14; collector)";

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
        .followRedirects(HttpClient.Redirect.NORMAL).connectTimeout(Duration.ofSeconds(30)).build();
    private final String server;
    private final String deviceId;
    private final SigningIn own;
    private final SigningIn nobody;
    private final Path cache;
    private int repeats;
    private ArrayNode requests = Json.array();

    Wire(JsonNode device, Path folder) {
        server = Json.text(device, "server");
        deviceId = Json.text(device, "device_id");
        boolean basicOverHttp = device.path("basic_over_http").asBoolean();
        String username = Json.text(device, "username");
        nobody = new SigningIn("", "", basicOverHttp);
        own = username == null ? nobody : new SigningIn(username, Json.text(device, "password"), basicOverHttp);
        cache = folder.resolve("http");
    }

    record Answer(int status, String contentType, String openRosaVersion, String acceptLength, String location, byte[] body) {}

    String server() {
        return server;
    }

    String deviceId() {
        return deviceId;
    }

    /** The requests made since the last call: method, address, status, bytes sent, and what said who asks. */
    ArrayNode takeRequests() {
        ArrayNode taken = requests;
        requests = Json.array();
        return taken;
    }

    /** How many of the next requests are repeated when their connection breaks before an answer. */
    void repeatLost(int times) {
        repeats = times;
    }

    /** The address with the device's id appended by the right separator. */
    String asDevice(String url) {
        return url + (url.contains("?") ? "&" : "?") + "deviceID=" + URLEncoder.encode(deviceId, StandardCharsets.UTF_8);
    }

    /** GET through the device's cache: fresh answers without the network, stale ones by their ETag. */
    Answer get(String url) throws IOException {
        Path body = cache.resolve(md5(url.getBytes(StandardCharsets.UTF_8)));
        Path head = body.resolveSibling(body.getFileName() + ".json");
        ObjectNode kept = Json.read(head);
        if (kept.path("fresh_until").asLong() > System.currentTimeMillis()) {
            note("GET", url, 0, 0);
            return cached(kept, body);
        }
        String etag = Json.text(kept, "etag");
        HttpResponse<byte[]> got = exchange(url, () -> {
            HttpRequest.Builder request = request(url).header("Accept-Encoding", "gzip").GET();
            return etag == null ? request : request.header("If-None-Match", etag);
        }, 0);
        if (got.statusCode() == 304 && etag != null) return cached(kept, body);
        Answer answer = answer(got);
        if (got.statusCode() == 200) keep(got, answer, body, head);
        return answer;
    }

    Answer head(String url) throws IOException {
        return answer(exchange(url, () -> request(url).method("HEAD", BodyPublishers.noBody()), 0));
    }

    Answer post(String url, String contentType, BodyPublisher body) throws IOException {
        return answer(exchange(url, () -> request(url).header("Content-Type", contentType).POST(body), body.contentLength()));
    }

    private HttpRequest.Builder request(String url) throws IOException {
        SimpleDateFormat twelveHours = new SimpleDateFormat("E, dd MMM yyyy hh:mm:ss zz", Locale.US);
        twelveHours.setTimeZone(TimeZone.getTimeZone("GMT"));
        try {
            return HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(60)).header("User-Agent", USER_AGENT)
                .header("X-OpenRosa-Version", "1.0").header("Date", twelveHours.format(new Date()));
        } catch (IllegalArgumentException e) {
            throw new Refused("download", url, "Not an address Collect can ask: " + e.getMessage());
        }
    }

    private interface Asking {
        HttpRequest.Builder request() throws IOException;
    }

    /** As its credentials want it; what was sent without being asked and refused goes out once more without, to be challenged. */
    private HttpResponse<byte[]> exchange(String url, Asking asking, long bytes) throws IOException {
        SigningIn signing = isOwnHost(url) ? own : nobody;
        HttpRequest first = asking.request().build();
        String atOnce = signing.atOnce(first.method(), first.uri());
        HttpResponse<byte[]> got = followed(asking, atOnce, signing, bytes);
        if (got.statusCode() == 401 && atOnce != null && signing.forget(first.uri())) return followed(asking, null, signing, bytes);
        return got;
    }

    private HttpResponse<byte[]> followed(Asking asking, String atOnce, SigningIn signing, long bytes) throws IOException {
        String said = atOnce;
        for (int turn = 0; turn <= FOLLOW_UPS_MOST; turn++) {
            HttpRequest.Builder builder = asking.request();
            HttpRequest request = (said == null ? builder : builder.header("Authorization", said)).build();
            HttpResponse<byte[]> got = sendOrRepeat(request, bytes);
            if (got.statusCode() != 401) return got;
            said = signing.answer(request.method(), request.uri(), said, got.headers().allValues("WWW-Authenticate"));
            if (said == null) return got;
        }
        throw new IOException("Too many follow-up requests");
    }

    /** Other hosts than the configured server's get empty credentials. */
    private boolean isOwnHost(String url) {
        return URI.create(url).getHost().equalsIgnoreCase(URI.create(server).getHost());
    }

    /** OkHttp repeats a request, to the letter, when a connection that it had kept turns out to be dead. */
    private HttpResponse<byte[]> sendOrRepeat(HttpRequest request, long bytes) throws IOException {
        try {
            return send(request, bytes);
        } catch (IOException lost) {
            if (repeats == 0) throw lost;
            repeats--;
            return send(request, bytes);
        }
    }

    private HttpResponse<byte[]> send(HttpRequest request, long bytes) throws IOException {
        try {
            HttpResponse<byte[]> got = client.send(request, BodyHandlers.ofByteArray());
            note(request, got.statusCode(), bytes);
            return got;
        } catch (IOException lost) {
            note(request, LOST, bytes);
            throw lost;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void note(HttpRequest request, int status, long bytes) {
        note(request.method(), request.uri().toString(), status, bytes);
        ((ObjectNode) requests.get(requests.size() - 1)).put("authorization", request.headers().firstValue("Authorization").orElse(null));
    }

    private void note(String method, String url, int status, long bytes) {
        requests.add(Json.object().put("method", method).put("url", url).put("status", status).put("sent_bytes", bytes));
    }

    private static Answer answer(HttpResponse<byte[]> got) throws IOException {
        byte[] body = got.body();
        if (got.headers().firstValue("Content-Encoding").filter("gzip"::equalsIgnoreCase).isPresent() && body.length > 0) {
            try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(body))) {
                body = in.readAllBytes();
            }
        }
        return new Answer(got.statusCode(), header(got, "Content-Type"), header(got, "X-OpenRosa-Version"),
            header(got, "X-OpenRosa-Accept-Content-Length"), header(got, "Location"), body);
    }

    private static String header(HttpResponse<?> got, String name) {
        return got.headers().firstValue(name).orElse(null);
    }

    private static void keep(HttpResponse<?> got, Answer answer, Path body, Path head) throws IOException {
        String control = Optional.ofNullable(header(got, "Cache-Control")).orElse("").toLowerCase(Locale.ROOT);
        String etag = header(got, "ETag");
        long fresh = freshSeconds(control);
        if (control.contains("no-store") || (etag == null && fresh == 0)) return;
        Files.createDirectories(body.getParent());
        Files.write(body, answer.body());
        ObjectNode kept = Json.object().put("etag", etag).put("content_type", answer.contentType()).put("openrosa", answer.openRosaVersion());
        Json.write(head, kept.put("fresh_until", fresh == 0 ? 0 : System.currentTimeMillis() + fresh * 1000));
    }

    private static long freshSeconds(String control) {
        if (control.contains("no-cache")) return 0;
        java.util.regex.Matcher age = java.util.regex.Pattern.compile("max-age=(\\d+)").matcher(control);
        return age.find() ? Long.parseLong(age.group(1)) : 0;
    }

    private static Answer cached(ObjectNode kept, Path body) throws IOException {
        return new Answer(200, Json.text(kept, "content_type"), Json.text(kept, "openrosa"), null, null, Files.readAllBytes(body));
    }

    static String md5(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
