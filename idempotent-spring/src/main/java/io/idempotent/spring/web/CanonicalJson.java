package io.idempotent.spring.web;

import io.idempotent.spring.web.RequestFingerprint.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeType;

/**
 * What JSON means: white space says nothing, nor does the order of members. Numbers keep their digits, and null is not the same as
 * absent. (To the core's fingerprints of arguments it is the same: what a method is given cannot be absent.) What is longer than
 * {@value #MAXIMUM_LENGTH} bytes is taken as it is written, since it takes many times its length in
 * memory to be understood.
 */
final class CanonicalJson {

    static final int MAXIMUM_LENGTH = 65_536;

    private static final ObjectReader READER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build()
            .reader();

    private CanonicalJson() {}

    /** Adds what JSON means, and nothing if it is none, or too long; tells which. */
    static boolean addTo(Digest digest, byte[] json) {
        if (json.length == 0 || json.length > MAXIMUM_LENGTH) {
            return false;
        }
        Object value;
        try (JsonParser parser = READER.createParser(json)) {
            if (parser.nextToken() == null) {
                return false;
            }
            value = read(parser);
            if (parser.nextToken() != null) {
                return false;
            }
        } catch (JacksonException malformed) {
            // What it is, the handler will say.
            return false;
        }
        add(digest, value);
        return true;
    }

    /** Reads the value that begins with the token at hand: a map in the order of its names, a list, or a simple one. */
    private static Object read(JsonParser parser) {
        JsonToken token = parser.currentToken();
        return switch (token) {
            case START_OBJECT -> {
                Map<String, Object> members = new TreeMap<>();
                for (String name = parser.nextName(); name != null; name = parser.nextName()) {
                    parser.nextToken();
                    members.put(name, read(parser));
                }
                yield members;
            }
            case START_ARRAY -> {
                List<Object> elements = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(read(parser));
                }
                yield elements;
            }
            case VALUE_STRING -> new Simple(JsonNodeType.STRING, parser.getString());
            case VALUE_NUMBER_INT -> new Simple(JsonNodeType.NUMBER, parser.getString());
            // Of a number the digits that it has: 1 is not 1.0.
            case VALUE_NUMBER_FLOAT ->
                new Simple(JsonNodeType.NUMBER, parser.getDecimalValue().toString());
            case VALUE_TRUE, VALUE_FALSE -> new Simple(JsonNodeType.BOOLEAN, parser.getString());
            case VALUE_NULL -> new Simple(JsonNodeType.NULL, "");
            default -> throw new IllegalStateException("No value of JSON begins with " + token);
        };
    }

    /**
     * A value without parts.
     *
     * @param kind what it is
     * @param text its text
     */
    private record Simple(JsonNodeType kind, String text) {}

    private static void add(Digest digest, Object value) {
        if (value instanceof Simple simple) {
            digest.add(simple.kind().name());
            digest.addCharacters(simple.text());
        } else if (value instanceof Map<?, ?> members) {
            digest.add(JsonNodeType.OBJECT.name());
            digest.add(members.size());
            members.forEach((name, member) -> {
                digest.addCharacters((String) name);
                add(digest, member);
            });
        } else {
            List<?> elements = (List<?>) value;
            digest.add(JsonNodeType.ARRAY.name());
            digest.add(elements.size());
            elements.forEach(element -> add(digest, element));
        }
    }
}
