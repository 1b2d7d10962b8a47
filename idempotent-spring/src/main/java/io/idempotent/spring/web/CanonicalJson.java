package io.idempotent.spring.web;

import io.idempotent.spring.web.RequestFingerprint.Digest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

/**
 * What JSON means: white space says nothing, nor does the order of members. Numbers keep their digits, and null is not the same as
 * absent. (To the core's fingerprints of arguments it is the same: what a method is given cannot be absent.) What is longer than
 * {@value #MAXIMUM_LENGTH} bytes is taken as it is written, since it takes many times its length in
 * memory to be understood.
 */
final class CanonicalJson {

    static final int MAXIMUM_LENGTH = 65_536;

    /** How many of Jackson's buffers are kept, for as many as read at the same time. */
    private static final int MAXIMUM_BUFFERS = 64;

    private static final char OBJECT = '{';
    private static final char ARRAY = '[';
    private static final char TEXT = '"';
    private static final char NUMBER = '1';
    private static final char BOOLEAN = '?';
    private static final char NULL = '0';

    // To ask the pool that Jackson has by default takes as long as to read a short body.
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .recyclerPool(JsonRecyclerPools.newBoundedPool(MAXIMUM_BUFFERS))
            .build();

    private CanonicalJson() {}

    /** Adds what JSON means, and nothing if it is none, or too long; tells which. */
    static boolean addTo(Digest digest, ByteBuffer json) {
        if (!json.hasRemaining() || json.remaining() > MAXIMUM_LENGTH) {
            return false;
        }
        Object value;
        try (JsonParser parser = FACTORY.createParser(
                ObjectReadContext.empty(), json.array(), json.arrayOffset() + json.position(), json.remaining())) {
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
                    if (members.put(name, read(parser)) != null) {
                        throw new StreamReadException(parser, "A member's name comes twice");
                    }
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
            case VALUE_STRING -> parser.getString();
            case VALUE_NUMBER_INT -> new Simple(NUMBER, parser.getString());
            // Of a number the digits that it has: 1 is not 1.0.
            case VALUE_NUMBER_FLOAT ->
                new Simple(NUMBER, parser.getDecimalValue().toString());
            case VALUE_TRUE, VALUE_FALSE -> new Simple(BOOLEAN, parser.getString());
            case VALUE_NULL -> new Simple(NULL, "");
            default -> throw new IllegalStateException("No value of JSON begins with " + token);
        };
    }

    /**
     * A value without parts that is no text.
     *
     * @param kind what it is
     * @param text its text
     */
    private record Simple(char kind, String text) {}

    private static void add(Digest digest, Object value) {
        if (value instanceof String text) {
            digest.addCharacter(TEXT);
            digest.add(text);
        } else if (value instanceof Simple simple) {
            digest.addCharacter(simple.kind());
            digest.add(simple.text());
        } else if (value instanceof Map<?, ?> members) {
            digest.addCharacter(OBJECT);
            digest.add(members.size());
            members.forEach((name, member) -> {
                digest.add((String) name);
                add(digest, member);
            });
        } else {
            List<?> elements = (List<?>) value;
            digest.addCharacter(ARRAY);
            digest.add(elements.size());
            elements.forEach(element -> add(digest, element));
        }
    }
}
