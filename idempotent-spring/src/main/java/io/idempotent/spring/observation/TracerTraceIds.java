package io.idempotent.spring.observation;

import io.idempotent.spring.operation.TraceIds;
import io.micrometer.tracing.Span;
import io.micrometer.tracing.Tracer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells the current trace by Micrometer Tracing, so that a record has the trace of the execution that made its outcome.
 * Spring Boot configures it where Micrometer Tracing is. Without Spring Boot, declare a bean of this type.
 */
public final class TracerTraceIds implements TraceIds {

    private final Supplier<? extends @Nullable Tracer> tracer;

    /**
     * Makes it.
     *
     * @param tracer gives the tracer; asked for each claim
     */
    public TracerTraceIds(Supplier<? extends @Nullable Tracer> tracer) {
        this.tracer = tracer;
    }

    @Override
    public @Nullable String get() {
        Tracer known = tracer.get();
        Span span = known == null ? null : known.currentSpan();
        return span == null ? null : span.context().traceId();
    }
}
