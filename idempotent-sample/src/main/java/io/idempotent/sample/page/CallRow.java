package io.idempotent.sample.page;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A row of the page's table.
 *
 * @param number counts the calls
 * @param arrivedAt when it came
 * @param requestId the payment's id; null where the request has none or could not be read
 * @param amount the amount and its currency; null likewise
 * @param outcome what became of it, so far
 * @param attempts how often it ran the method; null where it did not
 * @param milliseconds how long it took, so far
 * @param status the answer's HTTP status; null while there is none
 * @param receiptId the receipt that it was answered with; null where there is none
 * @param recovered whether nobody called, and the recoverer finished what a crash had cut off
 */
record CallRow(
        long number,
        Instant arrivedAt,
        @Nullable String requestId,
        @Nullable String amount,
        CallOutcome outcome,
        @Nullable Integer attempts,
        long milliseconds,
        @Nullable Integer status,
        @Nullable String receiptId,
        boolean recovered) {}
