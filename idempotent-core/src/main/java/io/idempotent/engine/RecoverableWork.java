package io.idempotent.engine;

import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import org.jspecify.annotations.Nullable;

/** What work tells of itself so that it can be finished without its caller. */
public interface RecoverableWork {

    /**
     * Returns what the call asks for, for the store to keep while the key is in progress. Asked before the key is
     * claimed, and not at all if the outcome is replayed from this JVM's memory. Defaults to null: nobody finishes the
     * work without its caller.
     */
    default @Nullable RecordedRequest request() {
        return null;
    }

    /**
     * Returns the abandoned record that this call finishes without its caller. The call takes over this record as it
     * was seen, and nothing else: if the record is completed by now, the outcome is replayed, and if it is another, the
     * call is refused with an {@link io.idempotent.IdempotencyClaimLostException}. A failure that would release the key
     * abandons it again, because no caller hears of it. Defaults to null: there is a caller.
     */
    default @Nullable IdempotencyRecord recovers() {
        return null;
    }
}
