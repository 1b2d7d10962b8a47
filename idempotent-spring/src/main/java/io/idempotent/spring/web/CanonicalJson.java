package io.idempotent.spring.web;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The same JSON in the same bytes: without white space, members in order of their names. Numbers keep their digits, and null is not
 * the same as absent. What is longer than {@value #MAXIMUM_LENGTH} bytes is left as it is, since it takes many times its length in memory
 * to put it in order.
 */
final class CanonicalJson {

    static final int MAXIMUM_LENGTH = 65_536;

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonNodeFeature.WRITE_PROPERTIES_SORTED)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    private CanonicalJson() {}

    /** The canonical bytes, or null if it is no JSON, or too long. */
    static byte @Nullable [] of(byte[] json) {
        if (json.length > MAXIMUM_LENGTH) {
            return null;
        }
        try {
            return MAPPER.writeValueAsBytes(MAPPER.readTree(json));
        } catch (JacksonException malformed) {
            // What it is, the handler will say; its bytes are compared as they are.
            return null;
        }
    }
}
