package io.idempotent.spring.operation;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Tells the id of the trace that the calling thread is part of; null if it is part of none. */
@FunctionalInterface
public interface TraceIds extends Supplier<@Nullable String> {

    // The type argument says @Nullable, which javac 17 does not read from class files.
    @Override
    @Nullable
    String get();
}
