package io.idempotent.spring.web;

import io.idempotent.spring.web.RequestFingerprint.Digest;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

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
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .readerFor(JsonNode.class);

    private CanonicalJson() {}

    /** Adds what JSON means, and nothing if it is none, or too long; tells which. */
    static boolean addTo(Digest digest, byte[] json) {
        if (json.length == 0 || json.length > MAXIMUM_LENGTH) {
            return false;
        }
        JsonNode tree;
        try {
            tree = READER.readTree(json);
        } catch (JacksonException malformed) {
            // What it is, the handler will say.
            return false;
        }
        add(digest, tree);
        return true;
    }

    private static void add(Digest digest, JsonNode node) {
        digest.add(node.getNodeType().name());
        if (node.isObject()) {
            Map<String, JsonNode> members = new TreeMap<>();
            node.properties().forEach(member -> members.put(member.getKey(), member.getValue()));
            digest.add(members.size());
            members.forEach((name, value) -> {
                digest.addCharacters(name);
                add(digest, value);
            });
        } else if (node.isArray()) {
            digest.add(node.size());
            node.values().forEach(element -> add(digest, element));
        } else {
            // Of a number the digits that it has: 1 is not 1.0.
            digest.addCharacters(node.asString());
        }
    }
}
