package io.idempotent.kill;

import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.RecordedOutcome.Encoded;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.OutcomeCodecException;
import io.idempotent.codec.OutcomeType;
import java.nio.charset.StandardCharsets;

/** Receipts as they are: to load a JSON library would take most of the second that a JVM lives. */
public final class ReceiptCodec implements OutcomeCodec {

    /** There is nothing to set. */
    public ReceiptCodec() {}

    @Override
    public void check(OutcomeType type) {
        // There is one type only.
    }

    @Override
    public RecordedOutcome encode(Outcome outcome, OutcomeType type) {
        return outcome instanceof Outcome.Value value
                ? new Encoded(Encoded.Kind.VALUE, String.valueOf(value.get()).getBytes(StandardCharsets.UTF_8))
                : new RecordedOutcome.NotReplayable("a payment has no failures that are final");
    }

    @Override
    public Outcome decode(RecordedOutcome recorded, OutcomeType type) {
        if (recorded instanceof Encoded encoded) {
            return new Outcome.Value(new String(encoded.content(), StandardCharsets.UTF_8));
        }
        throw new OutcomeCodecException("it is no receipt", null);
    }
}
