package io.idempotent.spring.operation;

import io.idempotent.IdempotencyContext;
import io.idempotent.Reconciliation;
import org.jspecify.annotations.Nullable;

/**
 * A bean that finds out what became of executions of which nobody recorded an outcome, for operations that name no
 * method for that. Safe for use by many threads.
 */
public interface Reconciler {

    /**
     * Whether this one finds out for an operation; asked when the operation is resolved, and to be the only one that
     * does.
     *
     * @param operation the operation's name
     */
    boolean supports(String operation);

    /**
     * Finds out whether an earlier execution has done the operation. Called under the new claim, whose lease is renewed
     * meanwhile. If it fails, the outcome stays unknown.
     *
     * @param context the execution under the new claim, with the key, and derived keys that are the same as the earlier
     *     one's
     * @param arguments the arguments of the call; not to be changed
     * @return that the operation was done, with what it returned; that it was not done, and may be run; or that it
     *     cannot be told
     * @throws Exception if it cannot be told
     */
    Reconciliation<?> reconcile(IdempotencyContext context, @Nullable Object[] arguments) throws Exception;
}
