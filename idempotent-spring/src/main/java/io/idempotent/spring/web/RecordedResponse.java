package io.idempotent.spring.web;

import io.idempotent.Weighted;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP response as it is recorded and replayed. Immutable, provided that nobody changes the body. Its text shows
 * neither headers nor body.
 *
 * @param status the status
 * @param headers the headers, in order; never cookies, nor what belongs to the connection
 * @param body the body; not copied, so neither the giver nor the receiver may change it
 */
// Equality is written out below; a copy for each replay would cost what large bodies cannot afford.
@SuppressWarnings("ArrayRecordComponent")
public record RecordedResponse(int status, List<Header> headers, byte[] body) implements Weighted {

    private static final long OBJECTS = 64;

    /**
     * A header.
     *
     * @param name its name
     * @param values its values, each of which is a field of its own
     */
    public record Header(String name, List<String> values) {

        /** Makes a header. */
        public Header {
            values = List.copyOf(values);
        }
    }

    /** Makes a response. */
    public RecordedResponse {
        headers = List.copyOf(headers);
    }

    @Override
    public long weight() {
        long weight = OBJECTS + body.length;
        for (Header header : headers) {
            weight += OBJECTS + 2L * header.name().length();
            for (String value : header.values()) {
                weight += 2L * value.length();
            }
        }
        return weight;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof RecordedResponse response
                        && status == response.status
                        && headers.equals(response.headers)
                        && Arrays.equals(body, response.body));
    }

    @Override
    public int hashCode() {
        return (31 * status + headers.hashCode()) * 31 + Arrays.hashCode(body);
    }

    @Override
    public String toString() {
        return "RecordedResponse[" + status + ", " + headers.size() + " headers, " + body.length + " bytes]";
    }
}
