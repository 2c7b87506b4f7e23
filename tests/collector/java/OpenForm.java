import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.javarosa.core.model.CoreModelModule;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.reference.PrefixedRootFactory;
import org.javarosa.core.reference.Reference;
import org.javarosa.core.reference.ReferenceManager;
import org.javarosa.core.services.IPropertyManager;
import org.javarosa.core.services.PropertyManager;
import org.javarosa.core.services.PrototypeManager;
import org.javarosa.core.services.properties.IPropertyRules;
import org.javarosa.core.util.JavaRosaCoreModule;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.parse.XFormParseException;
import org.javarosa.xform.parse.XFormParser;

/**
 * A form opened as a tablet opens it: with its media, the answers saved last time, and perhaps an earlier instance to edit.
 *
 * JavaRosa's reference and property managers are global, so they are set anew at each opening; one form at a time.
 */
final class OpenForm {
    private static final String LAST_SAVED = "last-saved.xml";
    private static final String NOTHING_SAVED = "<?xml version=\"1.0\"?><data/>";

    static {
        PrototypeManager.registerPrototypes(JavaRosaCoreModule.classNames);
        PrototypeManager.registerPrototypes(CoreModelModule.classNames);
        new XFormsModule().registerModule();
    }

    private OpenForm() {}

    /** @param earlier the XML of an instance to edit, or null for a new one. */
    static FormDef open(Path xform, Path media, Map<String, String> properties, Clock clock, String earlier) throws IOException {
        Files.createDirectories(media);
        if (!Files.exists(media.resolve(LAST_SAVED))) Files.writeString(media.resolve(LAST_SAVED), NOTHING_SAVED);
        PropertyManager.setPropertyManager(new Owner(properties));
        ReferenceManager.instance().reset();
        ReferenceManager.instance().addReferenceFactory(new MediaFolder(media));
        String text = clock.adapt(Files.readString(xform, StandardCharsets.UTF_8));
        try {
            XFormParser parser = earlier == null
                ? new XFormParser(new StringReader(text))
                : new XFormParser(new StringReader(text), new StringReader(earlier));
            FormDef form = parser.parse("jr://file/" + LAST_SAVED);
            clock.install(form);
            form.initialize(earlier == null, new InstanceInitializationFactory());
            return form;
        } catch (XFormParser.ParseException | XFormParseException e) {
            throw new Refused("form", xform.getFileName().toString(), "JavaRosa cannot open the form: " + e.getMessage());
        }
    }

    static void remember(Path media, byte[] instance) throws IOException {
        Files.write(media.resolve(LAST_SAVED), instance);
    }

    /** What the preloads deviceid, username, email and phonenumber say. JavaRosa writes them back at the end; a device keeps its own. */
    private record Owner(Map<String, String> properties) implements IPropertyManager {
        public List<String> getProperty(String name) { return properties.containsKey(name) ? List.of(properties.get(name)) : List.of(); }
        public String getSingularProperty(String name) { return properties.get(name); }
        public void setProperty(String name, String value) { }
        public void setProperty(String name, List<String> value) { }
        public void addRules(IPropertyRules rules) { }
        public List<IPropertyRules> getRules() { return List.of(); }
    }

    /** The roots end in a slash: "file" alone would also swallow "file-csv". */
    private static final class MediaFolder extends PrefixedRootFactory {
        private static final String[] ROOTS = {"file/", "file-csv/", "images/", "image/", "audio/", "video/", "instance/"};
        private final Path folder;

        MediaFolder(Path folder) {
            super(ROOTS);
            this.folder = folder;
        }

        @Override
        protected Reference factory(String terminal, String uri) {
            Path file = folder.resolve(terminal);
            return new Reference() {
                public boolean doesBinaryExist() { return Files.exists(file); }
                public InputStream getStream() throws IOException { return Files.newInputStream(file); }
                public String getURI() { return uri; }
                public String getLocalURI() { return file.toString(); }
                public boolean isReadOnly() { return true; }
                public OutputStream getOutputStream() { throw new UnsupportedOperationException("form media are read only"); }
                public void remove() { throw new UnsupportedOperationException("form media are read only"); }
                public Reference[] probeAlternativeReferences() { return new Reference[0]; }
            };
        }
    }
}
