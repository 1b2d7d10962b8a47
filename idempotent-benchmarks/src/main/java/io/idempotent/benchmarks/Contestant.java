package io.idempotent.benchmarks;

import java.util.function.Consumer;
import java.util.function.Function;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * Who pays.
 *
 * @param payments pays
 * @param clearing forgets all records
 * @param closing stops all that runs
 */
record Contestant(Payments payments, Runnable clearing, Runnable closing) implements AutoCloseable {

    /** One that needs no context. */
    static Contestant alone(Payments payments, Runnable clearing) {
        return new Contestant(payments, clearing, () -> {});
    }

    /** One of a context that has this configuration. */
    static Contestant inContext(
            Class<?> configuration,
            Function<AnnotationConfigApplicationContext, Payments> payments,
            Consumer<AnnotationConfigApplicationContext> clearing) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(configuration);
        return new Contestant(payments.apply(context), () -> clearing.accept(context), context::close);
    }

    void clear() {
        clearing.run();
    }

    @Override
    public void close() {
        closing.run();
    }
}
