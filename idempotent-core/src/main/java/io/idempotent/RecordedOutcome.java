package io.idempotent;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An {@link Outcome} in the form in which a store keeps it. Its text never shows what is inside.
 *
 * <p>Stores for several JVMs are given {@link Encoded} and {@link NotReplayable} only.
 */
public sealed interface RecordedOutcome {

    /**
     * The outcome itself, for a store that keeps references.
     *
     * @param outcome the live outcome
     */
    record ByReference(Outcome outcome) implements RecordedOutcome {}

    /**
     * The outcome as bytes that a codec made and can read.
     *
     * @param kind whether the bytes are a value or a failure
     * @param content the bytes; not copied, so that neither the giver nor the receiver may change them
     */
    // Equality is written out below; large outcomes cannot afford a copy for each replay.
    @SuppressWarnings("ArrayRecordComponent")
    record Encoded(Kind kind, byte[] content) implements RecordedOutcome {

        /** What the bytes are. */
        public enum Kind {
            /** A returned value. */
            VALUE,
            /** A failure that the operation declares final. */
            FAILURE
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return this == other
                    || (other instanceof Encoded encoded
                            && kind == encoded.kind
                            && Arrays.equals(content, encoded.content));
        }

        @Override
        public int hashCode() {
            return 31 * kind.hashCode() + Arrays.hashCode(content);
        }

        @Override
        public String toString() {
            return "RecordedOutcome[" + kind + ", " + content.length + " bytes]";
        }
    }

    /**
     * The operation's work is done, but what it produced could not be kept: later calls must not run it again, and
     * cannot be answered.
     *
     * @param reason why, in words that reveal nothing of the outcome
     */
    record NotReplayable(String reason) implements RecordedOutcome {}
}
