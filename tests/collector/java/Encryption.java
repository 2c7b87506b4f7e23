import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.CipherOutputStream;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;

/**
 * A finalised instance encrypted for its form's public key, as Collect does it: the media in their order, the answers last.
 *
 * Written from ODK's specification «Encrypted forms» upon the JDK's own cryptography, which shares nothing with the server's.
 * What was encrypted replaces what was plain.
 */
final class Encryption {
    private static final String ANSWERS = "submission.xml";
    private static final OAEPParameterSpec OAEP =
        new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT);

    private final PublicKey publicKey;
    private final String formId;
    private final String version;
    private final String instanceId;
    private final byte[] key = new byte[32];
    private final byte[] vector;
    private final StringBuilder told = new StringBuilder();
    private int turn = 0;

    /** @param publicKey base64 of the DER, as the form carries it; version null for a form without. */
    Encryption(String publicKey, String formId, String version, String instanceId) throws GeneralSecurityException {
        this.publicKey = KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(publicKey)));
        this.formId = formId;
        this.version = version;
        this.instanceId = instanceId;
        new SecureRandom().nextBytes(key);
        MessageDigest seed = MessageDigest.getInstance("MD5");
        seed.update(instanceId.getBytes(StandardCharsets.UTF_8));
        vector = seed.digest(key);
    }

    /** Encrypt every file of an instance and put the envelope in the place of its XML; the names of what is to be sent with it. */
    List<String> seal(Path xml, List<String> media) throws GeneralSecurityException, IOException {
        String sealedKey = sealed(key);
        told.append(formId).append('\n');
        if (version != null) told.append(version).append('\n');
        told.append(sealedKey).append('\n').append(instanceId).append('\n');
        List<String> names = new ArrayList<>();
        StringBuilder listed = new StringBuilder();
        for (String name : media) {
            names.add(encrypt(xml.resolveSibling(name), name));
            listed.append("<media><file>").append(escaped(name)).append(".enc</file></media>");
        }
        names.add(encrypt(xml, ANSWERS));
        String signature = sealed(MessageDigest.getInstance("MD5").digest(told.toString().getBytes(StandardCharsets.UTF_8)));
        String versioned = version == null ? "" : " version=\"" + escaped(version) + "\"";
        Files.writeString(xml, "<data xmlns=\"http://www.opendatakit.org/xforms/encrypted\" id=\"" + escaped(formId) + "\"" + versioned
            + " encrypted=\"yes\"><base64EncryptedKey>" + sealedKey + "</base64EncryptedKey>"
            + "<orx:meta xmlns:orx=\"http://openrosa.org/xforms\"><orx:instanceID>" + escaped(instanceId) + "</orx:instanceID></orx:meta>"
            + listed + "<encryptedXmlFile>" + ANSWERS + ".enc</encryptedXmlFile>"
            + "<base64EncryptedElementSignature>" + signature + "</base64EncryptedElementSignature></data>");
        return names;
    }

    private String encrypt(Path plain, String name) throws GeneralSecurityException, IOException {
        vector[turn % vector.length]++;
        turn++;
        Cipher cipher = Cipher.getInstance("AES/CFB/PKCS5Padding");
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(vector));
        MessageDigest md5 = MessageDigest.getInstance("MD5");
        try (InputStream in = Files.newInputStream(plain);
             OutputStream out = new CipherOutputStream(Files.newOutputStream(plain.resolveSibling(name + ".enc")), cipher)) {
            byte[] block = new byte[8192];
            for (int got = in.read(block); got > 0; got = in.read(block)) {
                md5.update(block, 0, got);
                out.write(block, 0, got);
            }
        }
        told.append(name).append("::").append(HexFormat.of().formatHex(md5.digest())).append('\n');
        Files.delete(plain);
        return name + ".enc";
    }

    private String sealed(byte[] bytes) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPWithSHA-256AndMGF1Padding");
        cipher.init(Cipher.ENCRYPT_MODE, publicKey, OAEP);
        return Base64.getEncoder().encodeToString(cipher.doFinal(bytes));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }
}
