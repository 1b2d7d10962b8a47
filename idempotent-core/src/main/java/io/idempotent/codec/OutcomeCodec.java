package io.idempotent.codec;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import java.util.List;

/**
 * Turns outcomes into the form in which a store keeps them, and back. Implementations are safe for use by many threads.
 */
public interface OutcomeCodec {

    /**
     * Checks at startup that outcomes of a type can be encoded and decoded, as far as the type alone tells.
     *
     * @throws IdempotencyConfigurationException if they cannot; the message names the type and says what to do
     */
    void check(OutcomeType type);

    /**
     * What is to be said at startup of a type that can be encoded and decoded, though its author may expect something
     * else of it: such as a property that the type itself keeps out of what is recorded.
     *
     * @return sentences without a full stop, each to follow what names the operation; defaults to none
     */
    default List<String> remarks(OutcomeType type) {
        return List.of();
    }

    /**
     * Encodes an outcome. Throws nothing for what an operation produced.
     *
     * @return the outcome to keep; {@link RecordedOutcome.NotReplayable} where it cannot be encoded, is too large or
     *     would not be decoded as it was, since by then the work is done
     */
    RecordedOutcome encode(Outcome outcome, OutcomeType type);

    /**
     * Decodes an outcome, to the declared type and nothing else.
     *
     * @throws OutcomeCodecException if it cannot be decoded, or was recorded as not replayable
     */
    Outcome decode(RecordedOutcome recorded, OutcomeType type);
}
