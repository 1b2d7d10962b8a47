package io.idempotent.spring.interceptor;

import io.idempotent.engine.AtomicWork;
import io.idempotent.engine.Execution;
import io.idempotent.spring.operation.KeyInLog;
import org.jspecify.annotations.Nullable;

/**
 * One call of an atomic method.
 *
 * @param method what is known of it
 * @param call the call
 */
// The type argument says @Nullable, which javac 17 does not read from class files.
@SuppressWarnings("NullAway")
record AtomicCall(IdempotentMethod method, IdempotentCall call) implements AtomicWork<@Nullable Object> {

    @Override
    public @Nullable Object run(Execution execution) throws Throwable {
        KeyInLog keyInLog = method.keyInLog();
        KeyInLog.Entry entry = keyInLog == null ? null : keyInLog.enter(execution.key());
        try {
            return call.runMethod();
        } finally {
            if (entry != null) {
                entry.close();
            }
        }
    }

    @Override
    public @Nullable Object retry(Execution execution, Attempt<@Nullable Object> attempt) throws Throwable {
        return method.retries() == null ? attempt.run() : method.retries().run(attempt, execution, call.observed());
    }

    @Override
    public boolean releases(@Nullable Object result) {
        return method.releases(call, result);
    }
}
