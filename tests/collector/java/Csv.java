import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/** CSV in and out, read with the parser and the delimiter rule JavaRosa itself uses for secondary instances. */
final class Csv {
    private Csv() {}

    /** The rows, header first; ";" divides as soon as the header line holds one. */
    static List<List<String>> read(String text) throws IOException {
        String whole = text.startsWith("\uFEFF") ? text.substring(1) : text;
        String header = whole.lines().findFirst().orElse("");
        CSVFormat format = CSVFormat.DEFAULT.withDelimiter(header.contains(";") ? ';' : ',');
        List<List<String>> rows = new ArrayList<>();
        try (CSVParser parser = CSVParser.parse(whole, format)) {
            for (CSVRecord record : parser) {
                List<String> row = new ArrayList<>();
                record.forEach(row::add);
                rows.add(row);
            }
        }
        return rows;
    }

    static String cell(String value) {
        boolean plain = value.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r' || c == ';');
        return plain ? value : "\"" + value.replace("\"", "\"\"") + "\"";
    }
}
