package io.idempotent.store;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a call asked for, as bytes that whoever claims can read again, so that its execution can be finished without it.
 * A store that has {@link RecoverableRecords} keeps it while the key is in progress. Its text never shows what is
 * inside.
 *
 * @param content the bytes; not copied, so that neither the giver nor the receiver may change them
 */
// Equality is written out below.
@SuppressWarnings("ArrayRecordComponent")
public record RecordedRequest(byte[] content) {

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RecordedRequest request && Arrays.equals(content, request.content);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(content);
    }

    @Override
    public String toString() {
        return "RecordedRequest[" + content.length + " bytes]";
    }
}
