package io.idempotent.spring.actuate;

import io.idempotent.engine.Operation;
import io.idempotent.spring.operation.ConfiguredOperation;
import io.idempotent.spring.operation.OperationContract;
import io.idempotent.spring.operation.Recovery;
import io.idempotent.spring.settings.RetryBudgetSettings;
import io.idempotent.spring.settings.RetrySettings;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What holds for an operation.
 *
 * @param name its name
 * @param declaredAt where it is declared
 * @param key what makes its keys: an expression, or a header
 * @param scope what keeps callers apart; null where nothing does
 * @param fingerprint what of a request is compared
 * @param store the store of its records
 * @param type what it returns
 * @param recordFailures the types of failures that are recorded
 * @param retention how long outcomes are kept
 * @param lease how long a claim is valid without renewal; null for an atomic operation, which has none
 * @param waitAtMost how long a duplicate waits
 * @param whenAbandoned what the next call does for an abandoned key
 * @param whenStoreFails what a call does when the store fails
 * @param atomic whether claim, run and completion are one transaction
 * @param recover how abandoned executions are finished without their callers; null where they are not
 * @param retry how failed attempts are repeated; null where they are not
 */
public record OperationDescriptor(
        String name,
        String declaredAt,
        String key,
        @Nullable String scope,
        String fingerprint,
        String store,
        String type,
        List<String> recordFailures,
        Duration retention,
        @Nullable Duration lease,
        Duration waitAtMost,
        String whenAbandoned,
        String whenStoreFails,
        boolean atomic,
        @Nullable Recover recover,
        @Nullable Retry retry) {

    /**
     * How abandoned executions are finished without their callers.
     *
     * @param after how long after the lease ended
     * @param maxTakeovers how many take-overs a record may have
     */
    public record Recover(Duration after, int maxTakeovers) {

        private static @Nullable Recover of(@Nullable Recovery recovery) {
            return recovery == null ? null : new Recover(recovery.after(), recovery.maxTakeovers());
        }
    }

    /**
     * How failed attempts are repeated; null stands for the default.
     *
     * @param maxRetries how many attempts may follow the first
     * @param delay the pause before the first of them
     * @param multiplier by how much each pause is longer than the one before
     * @param maxDelay the longest pause
     * @param jitter by how much a pause differs at random
     * @param timeout how long all attempts may take
     * @param budget how many retries there may be for how many successful calls
     */
    public record Retry(
            long maxRetries,
            @Nullable Duration delay,
            @Nullable Double multiplier,
            @Nullable Duration maxDelay,
            @Nullable Duration jitter,
            @Nullable Duration timeout,
            @Nullable RetryBudgetSettings budget) {

        private static @Nullable Retry of(RetrySettings settings) {
            Long maxRetries = settings.maxRetries();
            return maxRetries == null || maxRetries == 0
                    ? null
                    : new Retry(
                            maxRetries,
                            settings.delay(),
                            settings.multiplier(),
                            settings.maxDelay(),
                            settings.jitter(),
                            settings.timeout(),
                            settings.budget().tokens() == null ? null : settings.budget());
        }
    }

    static OperationDescriptor of(ConfiguredOperation configured, String store) {
        Operation<?> operation = configured.operation();
        OperationContract contract = configured.contract();
        return new OperationDescriptor(
                operation.name(),
                contract.declaredAt(),
                contract.key(),
                contract.scope(),
                contract.fingerprint(),
                store,
                operation.type().valueType().getTypeName(),
                operation.type().failures().stream().map(Class::getName).toList(),
                operation.retention(),
                contract.atomic() ? null : operation.lease(),
                operation.waitAtMost(),
                inSettings(operation.whenAbandoned()),
                inSettings(operation.whenStoreFails()),
                contract.atomic(),
                Recover.of(configured.recovery()),
                Retry.of(contract.retry()));
    }

    private static String inSettings(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
