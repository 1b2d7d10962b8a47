package io.idempotent.spring.operation;

import io.idempotent.IdempotencyKey;
import java.util.Map;

/**
 * Brings along what a call has around it, such as a principal or a locale, to the thread that finishes its execution
 * without it. Beans of this type hold for every operation with {@code recover}; they are asked in their order, and what
 * they restore ends in the opposite one.
 *
 * <pre>{@code
 * @Component
 * class LocaleOfCaller implements RecoveryContextCustomizer {
 *
 *     @Override
 *     public void capture(Map<String, String> context) {
 *         context.put("locale", LocaleContextHolder.getLocale().toLanguageTag());
 *     }
 *
 *     @Override
 *     public Scope restore(IdempotencyKey key, Map<String, String> recorded) {
 *         LocaleContext before = LocaleContextHolder.getLocaleContext();
 *         LocaleContextHolder.setLocale(Locale.forLanguageTag(recorded.getOrDefault("locale", "en")));
 *         return () -> LocaleContextHolder.setLocaleContext(before);
 *     }
 * }
 * }</pre>
 *
 * <p>Record names, not credentials: what is captured is kept in the store with the arguments. If capturing throws, the
 * call runs and is not recovered; if restoring throws, the call is not made and is tried again later. Safe for use by
 * many threads.
 */
@FunctionalInterface
public interface RecoveryContextCustomizer {

    /**
     * Notes what a call has around it, on its thread, before its key is claimed. Defaults to nothing.
     *
     * @param context what is recorded with the arguments; shared by all beans of this type, so that names should be
     *     told apart
     */
    default void capture(Map<String, String> context) {}

    /**
     * Restores it on the thread that makes the recovered call.
     *
     * @param key the key of the record
     * @param recorded what was captured; empty if nothing was. Not to be changed
     * @return ends what was restored
     */
    Scope restore(IdempotencyKey key, Map<String, String> recorded);

    /** The time of a recovered call. */
    @FunctionalInterface
    interface Scope extends AutoCloseable {

        /** Ends it. Called once, on the same thread. */
        @Override
        void close();
    }
}
