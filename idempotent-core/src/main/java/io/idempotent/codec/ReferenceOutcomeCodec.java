package io.idempotent.codec;

import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;

/**
 * Keeps outcomes by reference, for a store that serves one JVM. A replay returns the very object that the first call
 * returned: whoever changes it changes it for all. A failure is thrown again as the same object.
 */
public final class ReferenceOutcomeCodec implements OutcomeCodec {

    /** Makes the codec, which has no state. */
    public ReferenceOutcomeCodec() {}

    @Override
    public void check(OutcomeType type) {
        // Every object can be referred to.
    }

    @Override
    public RecordedOutcome encode(Outcome outcome, OutcomeType type) {
        return new RecordedOutcome.ByReference(outcome);
    }

    @Override
    public Outcome decode(RecordedOutcome recorded, OutcomeType type) {
        if (recorded instanceof RecordedOutcome.ByReference reference) {
            return reference.outcome();
        }
        if (recorded instanceof RecordedOutcome.NotReplayable notReplayable) {
            throw new OutcomeCodecException(notReplayable.reason(), null);
        }
        throw new OutcomeCodecException("it was recorded as bytes, and this codec reads references only", null);
    }
}
