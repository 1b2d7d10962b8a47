package io.idempotent.store.caffeine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.Weighted;
import io.idempotent.store.RecordedStep;
import java.util.List;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/**
 * About how many bytes of memory records take. What a record says is counted by its length as far as that can be seen
 * without looking inside of objects; those that are kept by reference count as {@value #OBJECT}, unless they are {@link
 * Weighted}.
 *
 * <p>The same record weighs the same whenever it is asked, whatever becomes of objects in it.
 */
final class Weights {

    /** A record's own objects, and the cache's for it. */
    private static final int RECORD = 256;

    private static final int OBJECT = 256;

    private static final int HEAP_SHARE = 4;

    private Weights() {}

    /** A quarter of the heap's maximum. */
    static long shareOfHeap() {
        return Runtime.getRuntime().maxMemory() / HEAP_SHARE;
    }

    static long of(IdempotencyKey key, Fingerprint fingerprint) {
        return RECORD + of(key.scope()) + of(key.value()) + of(fingerprint);
    }

    private static long of(Fingerprint fingerprint) {
        if (fingerprint instanceof Fingerprint.Digest digest) {
            return of(digest.text());
        }
        return fingerprint instanceof Fingerprint.Equality equality ? ofContent(equality.content()) : 0;
    }

    static long of(RecordedStep step) {
        RecordedOutcome outcome = step.outcome();
        return OBJECT + of(step.name()) + (outcome == null ? 0 : of(outcome));
    }

    static long of(RecordedOutcome outcome) {
        if (outcome instanceof RecordedOutcome.Encoded encoded) {
            return encoded.content().length;
        }
        if (outcome instanceof RecordedOutcome.NotReplayable notReplayable) {
            return of(notReplayable.reason());
        }
        Outcome live = ((RecordedOutcome.ByReference) outcome).outcome();
        return live instanceof Outcome.Value value ? ofObject(value.value()) : OBJECT;
    }

    /** The content of a fingerprint, which nobody changes: an argument, or a list of arguments. */
    private static long ofContent(@Nullable Object content) {
        if (!(content instanceof List<?> arguments && content instanceof RandomAccess)) {
            return ofObject(content);
        }
        long sum = OBJECT;
        // By number, so that no iterator is allocated for each claim.
        for (int index = 0; index < arguments.size(); index++) {
            sum += ofObject(arguments.get(index));
        }
        return sum;
    }

    private static long ofObject(@Nullable Object value) {
        if (value instanceof String text) {
            return of(text);
        }
        if (value instanceof byte[] bytes) {
            return bytes.length;
        }
        return value instanceof Weighted weighted ? weighted.weight() : OBJECT;
    }

    private static long of(String text) {
        // In one byte each or in two, which cannot be told from outside.
        return 2L * text.length();
    }
}
