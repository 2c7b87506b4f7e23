import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.kxml2.io.KXmlParser;
import org.kxml2.kdom.Document;
import org.kxml2.kdom.Element;
import org.w3c.dom.Node;
import org.xml.sax.SAXException;
import org.xmlpull.v1.XmlPullParser;
import org.xmlpull.v1.XmlPullParserException;

/** XML read two ways: the tablet's own files with the JDK, a server's answers with kXML2, which is what Collect reads them with. */
final class Xml {
    private Xml() {}

    static org.w3c.dom.Element file(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return parsed(in);
        } catch (SAXException e) {
            throw new IOException("not XML: " + file.getFileName(), e);
        }
    }

    static org.w3c.dom.Element parsed(InputStream in) throws IOException, SAXException {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setNamespaceAware(true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            javax.xml.parsers.DocumentBuilder builder = factory.newDocumentBuilder();
            builder.setErrorHandler(null);
            return builder.parse(in).getDocumentElement();
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<org.w3c.dom.Element> children(Node parent) {
        List<org.w3c.dom.Element> found = new ArrayList<>();
        for (Node child = parent.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child instanceof org.w3c.dom.Element element) found.add(element);
        }
        return found;
    }

    static org.w3c.dom.Element child(Node parent, String localName) {
        for (org.w3c.dom.Element child : children(parent)) if (localName.equals(child.getLocalName())) return child;
        return null;
    }

    /** The instanceID of an instance file, found by local name. */
    static String instanceId(Path instance) throws IOException {
        org.w3c.dom.Element meta = child(file(instance), "meta");
        org.w3c.dom.Element id = meta == null ? null : child(meta, "instanceID");
        return id == null ? null : id.getTextContent().trim();
    }

    /** A server's answer as Collect reads it: always as UTF-8, with kXML2. */
    static Element answer(byte[] body) throws IOException, XmlPullParserException {
        Document document = new Document();
        KXmlParser parser = new KXmlParser();
        parser.setInput(new InputStreamReader(new java.io.ByteArrayInputStream(body), StandardCharsets.UTF_8));
        parser.setFeature(XmlPullParser.FEATURE_PROCESS_NAMESPACES, true);
        document.parse(parser);
        return document.getRootElement();
    }

    /** The child elements in the given namespace; a null namespace takes all. */
    static List<Element> children(Element parent, String namespace) {
        List<Element> found = new ArrayList<>();
        for (int at = 0; at < parent.getChildCount(); at++) {
            if (parent.getType(at) != org.kxml2.kdom.Node.ELEMENT) continue;
            Element child = parent.getElement(at);
            if (namespace == null || namespace.equalsIgnoreCase(child.getNamespace())) found.add(child);
        }
        return found;
    }

    /** The trimmed text of an element, or null when it is blank. */
    static String text(Element element) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < element.getChildCount(); at++) {
            if (element.getType(at) == org.kxml2.kdom.Node.TEXT) text.append(element.getText(at));
        }
        String trimmed = text.toString().trim();
        return trimmed.isEmpty() ? null : trimmed;
    }
}
