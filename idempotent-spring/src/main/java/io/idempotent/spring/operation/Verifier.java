package io.idempotent.spring.operation;

import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * Compares what was recorded with what is found outside: with the payment that the bank has, for example. Beans of this
 * type are asked in the background for each execution that this node completed. What they find is told to the listeners
 * and the log, and changes no record.
 */
public interface Verifier {

    /** Tells whether this verifies executions of an operation. */
    boolean supports(String operation);

    /**
     * Compares one recorded outcome. Called by a thread of the recovery, once for each execution.
     *
     * @param key the key
     * @param recorded what was recorded: a value, or a failure that the operation declares final
     * @return what differs, for the log and the listeners; null if the outside agrees
     * @throws Exception if that cannot be found out; it is logged, and not tried again
     */
    @Nullable
    String verify(IdempotencyKey key, Outcome recorded) throws Exception;
}
