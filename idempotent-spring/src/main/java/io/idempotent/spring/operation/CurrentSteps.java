package io.idempotent.spring.operation;

import io.idempotent.IdempotencyContext;
import io.idempotent.Steps;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The steps of whatever execution the calling thread is running: one bean for all, as a shared entity manager is for
 * transactions.
 */
public final class CurrentSteps implements Steps {

    private static Steps current() {
        return IdempotencyContext.current().steps();
    }

    @Override
    public <T extends @Nullable Object, X extends Throwable> T run(String name, Work<T, X> work) throws X {
        return current().run(name, work);
    }

    @Override
    public <X extends Throwable> void run(String name, Action<X> action) throws X {
        current().run(name, action);
    }

    @Override
    public <T extends @Nullable Object, X extends Throwable> T run(String name, Type type, Work<T, X> work) throws X {
        return current().run(name, type, work);
    }

    @Override
    public <T extends @Nullable Object, X extends Throwable> T run(
            String name, Work<T, X> work, Compensation<? super T> compensation) throws X {
        return current().run(name, work, compensation);
    }

    @Override
    public <X extends Throwable> void run(String name, Action<X> action, Action<? extends Exception> undo) throws X {
        current().run(name, action, undo);
    }

    @Override
    public <T extends @Nullable Object, X extends Throwable> T run(
            String name, Type type, Work<T, X> work, Compensation<? super T> compensation) throws X {
        return current().run(name, type, work, compensation);
    }

    @Override
    public AtMostOnce atMostOnce() {
        return current().atMostOnce();
    }

    @Override
    public String keyFor(String name) {
        return current().keyFor(name);
    }

    @Override
    public UUID uuid(String name) {
        return current().uuid(name);
    }

    @Override
    public Instant firstClaimedAt() {
        return current().firstClaimedAt();
    }
}
