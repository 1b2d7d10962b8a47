package io.idempotent.spring.operation;

import io.idempotent.IdempotencyKey;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/** Puts the operation and the key that a thread works on into SLF4J's {@link MDC}. Safe for use by many threads. */
public final class KeyInLog {

    /** The name of the operation in the log: {@value}. */
    public static final String OPERATION = "idempotency.operation";

    /** The name of the key's value in the log: {@value}. */
    public static final String KEY = "idempotency.key";

    private static final KeyInLog INSTANCE = new KeyInLog();

    private KeyInLog() {}

    /** Returns what does it; null where there is no SLF4J. */
    static @Nullable KeyInLog find() {
        return EventLog.isStructured() ? INSTANCE : null;
    }

    /** Puts a key into the log, until the entry is closed in the same thread. */
    public Entry enter(IdempotencyKey key) {
        String operation = MDC.get(OPERATION);
        String value = MDC.get(KEY);
        MDC.put(OPERATION, key.operation());
        MDC.put(KEY, key.value());
        return () -> {
            restore(OPERATION, operation);
            restore(KEY, value);
        };
    }

    private static void restore(String name, @Nullable String before) {
        if (before == null) {
            MDC.remove(name);
        } else {
            MDC.put(name, before);
        }
    }

    /** The time that a key is in the log. */
    @FunctionalInterface
    public interface Entry {

        /** Ends it. Called once, and in the same thread. */
        void close();
    }
}
