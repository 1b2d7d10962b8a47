package io.idempotent.store;

import io.idempotent.Fingerprint;
import io.idempotent.RecordedOutcome;
import org.jspecify.annotations.Nullable;

/**
 * What a replay needs of a completed record, and no more. An interface, so that what a store keeps in memory can itself
 * be the answer: a replay follows few references, and each costs. Immutable.
 */
public interface NearbyOutcome {

    /** What the first request said. */
    Fingerprint fingerprint();

    /** What running produced. */
    RecordedOutcome outcome();

    /** The trace of the execution that made it; null if none was recorded. */
    @Nullable
    String traceId();
}
