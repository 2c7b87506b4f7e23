import com.fasterxml.jackson.databind.JsonNode;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;

/**
 * The files a person would make while answering: a signature, a photo, a recording; the same bytes for the same name and size.
 *
 * A size is reached by padding where the format allows it (PNG: a private chunk, JPEG: comments, MP4 family: a free box), so the
 * file stays one that a viewer opens.
 */
final class Attachments {
    private static final int JPEG_COMMENT_MAX = 65_533;
    private static final int PNG_END_BYTES = 12;

    private Attachments() {}

    /** @param wanted {"bytes": n} and or {"from": path of a file to copy}; may be null. */
    static void make(Path target, JsonNode wanted) throws IOException {
        String from = Json.text(wanted, "from");
        if (from != null) {
            Files.copy(Path.of(from), target);
            return;
        }
        int size = wanted == null || !wanted.has("bytes") ? 0 : wanted.get("bytes").asInt();
        Files.write(target, bytes(target.getFileName().toString(), size));
    }

    static byte[] bytes(String name, int size) throws IOException {
        Random noise = new Random(name.hashCode());
        String kind = name.substring(name.lastIndexOf('.') + 1).toLowerCase(java.util.Locale.ROOT);
        return switch (kind) {
            case "png" -> png(image("png", noise), size, noise);
            case "jpg", "jpeg" -> jpeg(image("jpg", noise), size, noise);
            case "m4a", "mp4", "3gp", "amr" -> mp4(size, noise);
            default -> noise(Math.max(size, 16), noise);
        };
    }

    private static byte[] image(String format, Random noise) throws IOException {
        BufferedImage image = new BufferedImage(24, 16, BufferedImage.TYPE_INT_RGB);
        for (int x = 0; x < 24; x++) for (int y = 0; y < 16; y++) image.setRGB(x, y, new Color(noise.nextInt(0x1000000)).getRGB());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.setUseCache(false);
        ImageIO.write(image, format, out);
        return out.toByteArray();
    }

    private static byte[] png(byte[] image, int size, Random noise) {
        int body = size - image.length - PNG_END_BYTES;
        if (body < 0) return image;
        byte[] chunk = ByteBuffer.allocate(4 + body).put("siRa".getBytes(StandardCharsets.US_ASCII)).put(noise(body, noise)).array();
        CRC32 crc = new CRC32();
        crc.update(chunk);
        int end = image.length - PNG_END_BYTES;
        return ByteBuffer.allocate(size).put(image, 0, end).putInt(body).put(chunk).putInt((int) crc.getValue()).put(image, end, PNG_END_BYTES).array();
    }

    private static byte[] jpeg(byte[] image, int size, Random noise) {
        int missing = size - image.length;
        if (missing < 4) return image;
        ByteBuffer out = ByteBuffer.allocate(size).put(image, 0, 2);
        while (missing > 0) {
            int body = Math.min(missing - 4, JPEG_COMMENT_MAX);
            if (missing - 4 - body > 0 && missing - 4 - body < 4) body -= 4;
            out.putShort((short) 0xFFFE).putShort((short) (body + 2)).put(noise(body, noise));
            missing -= body + 4;
        }
        return out.put(image, 2, image.length - 2).array();
    }

    private static byte[] mp4(int size, Random noise) {
        ByteBuffer out = ByteBuffer.allocate(Math.max(size, 28));
        out.putInt(20).put("ftypM4A ".getBytes(StandardCharsets.US_ASCII)).putInt(0).put("isom".getBytes(StandardCharsets.US_ASCII));
        out.putInt(out.remaining()).put("free".getBytes(StandardCharsets.US_ASCII));
        return out.put(noise(out.remaining(), noise)).array();
    }

    private static byte[] noise(int length, Random noise) {
        byte[] bytes = new byte[length];
        noise.nextBytes(bytes);
        return Arrays.copyOf(bytes, length);
    }
}
