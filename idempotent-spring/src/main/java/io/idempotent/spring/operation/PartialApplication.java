package io.idempotent.spring.operation;

/**
 * As a bean, says that only a part of the application is there, in a test of a slice of it. Another store stands in for
 * a store that is not part of it, and settings for operations that are not part of it are no mistake.
 */
public final class PartialApplication {

    /** Makes the bean. */
    public PartialApplication() {}
}
