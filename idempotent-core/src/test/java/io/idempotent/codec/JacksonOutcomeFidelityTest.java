package io.idempotent.codec;

import io.idempotent.RecordedOutcome;

/** The codec alone: what is recorded comes back as it was. */
class JacksonOutcomeFidelityTest extends OutcomeFidelityContract {

    @Override
    protected RecordedOutcome store(RecordedOutcome outcome) {
        return outcome;
    }
}
