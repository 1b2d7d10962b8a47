package io.idempotent.codec;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;

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
     * Encodes an outcome. Throws nothing for what an operation produced.
     *
     * @return the outcome to keep; {@link RecordedOutcome.NotReplayable} where it cannot be encoded or is too large,
     *     since by then the work is done
     */
    RecordedOutcome encode(Outcome outcome, OutcomeType type);

    /**
     * Decodes an outcome, to the declared type and nothing else.
     *
     * @throws OutcomeCodecException if it cannot be decoded, or was recorded as not replayable
     */
    Outcome decode(RecordedOutcome recorded, OutcomeType type);
}
