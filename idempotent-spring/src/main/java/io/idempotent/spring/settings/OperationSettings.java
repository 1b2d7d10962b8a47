package io.idempotent.spring.settings;

import io.idempotent.engine.WhenAbandoned;
import io.idempotent.engine.WhenCancelled;
import io.idempotent.engine.WhenStoreFails;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;

/**
 * What can be set for one operation, and for all; null stands for what is not said.
 *
 * @param enabled Whether calls are protected. What is said of one operation beats what is said of all.
 * @param store Bean name of the store, or that name without 'IdempotencyStore'. Has to be set where there are several.
 *     A blank one is not set.
 * @param scope SpEL expression of what keeps callers apart, a tenant for example. No scope by default; null is refused.
 *     A blank one is not set.
 * @param retention How long recorded outcomes are kept.
 * @param lease How long a claim is valid without renewal, and so how long a crash blocks its key. Renewed in the
 *     background.
 * @param maxRun How long the lease of one execution is renewed at most.
 * @param waitAtMost How long a duplicate waits for the outcome of the first call instead of being refused at once.
 * @param whenStoreFails What to do when the store cannot tell whether a key is free: refuse the call, or run it
 *     unprotected.
 * @param whenAbandoned What to do for a key whose owner died or gave up: run the operation again, ask what happened, or
 *     refuse until somebody decides.
 * @param whenCancelled What becomes of an operation that its caller cancels when it has begun, as the subscriber of a
 *     Mono can: it is cancelled too and its key abandoned, or it goes on and its outcome is recorded.
 * @param atomic Whether claim, run and completion are one transaction of the store's database. Only for one operation.
 * @param transactionManager Bean name of the transaction manager of an atomic operation. Only for one operation. A
 *     blank one is not set.
 * @param retry How failed attempts are repeated.
 * @param recover Whether and when abandoned executions are finished without their callers. Only for one operation.
 */
@ConfigurationProperties("idempotent")
public record OperationSettings(
        @Nullable Boolean enabled,
        @Nullable String store,
        @Nullable String scope,
        @Nullable Duration retention,
        @Nullable Duration lease,
        @Nullable Duration maxRun,
        @Nullable Duration waitAtMost,
        @Nullable WhenStoreFails whenStoreFails,
        @Nullable WhenAbandoned whenAbandoned,
        @Nullable WhenCancelled whenCancelled,
        @Nullable Boolean atomic,
        @Nullable String transactionManager,
        @NestedConfigurationProperty RetrySettings retry,
        @NestedConfigurationProperty RecoverSettings recover) {

    /** Settings that say nothing. */
    public static final OperationSettings UNSAID = SettingRecords.read(OperationSettings.class, (name, type) -> null);

    /** Makes settings; a null group says nothing. */
    public OperationSettings {
        store = Defaults.notBlank(store);
        scope = Defaults.notBlank(scope);
        transactionManager = Defaults.notBlank(transactionManager);
        retry = Defaults.or(retry, RetrySettings.UNSAID);
        recover = Defaults.or(recover, RecoverSettings.UNSAID);
    }

    /** Returns these settings, and where they say nothing the others. */
    @SuppressWarnings("ReferenceEquality")
    public OperationSettings orElse(OperationSettings others) {
        // Most methods say nothing, and there may be thousands. Others that say nothing are joined to the same result.
        return this == UNSAID ? others : SettingRecords.firstSaid(this, others);
    }
}
