package io.idempotent.spring.web.reactive;

import java.lang.reflect.Method;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.util.ReflectionUtils;
import org.springframework.web.method.HandlerMethod;

/**
 * Stands for a handler that is not run, and fails in its place, so that the advice for that handler answers: its
 * controller's own, and that which is declared for its controller.
 */
final class Refusal extends HandlerMethod {

    private static final Method FAIL = Objects.requireNonNull(ReflectionUtils.findMethod(Failing.class, "fail"));

    // Null while the constructor of the superclass looks at what fails.
    private final @Nullable HandlerMethod refused;

    Refusal(HandlerMethod refused, Throwable failure) {
        super(new Failing(failure), FAIL);
        this.refused = refused;
    }

    @Override
    public Object getBean() {
        return refused == null ? super.getBean() : refused.getBean();
    }

    @Override
    public Class<?> getBeanType() {
        return refused == null ? super.getBeanType() : refused.getBeanType();
    }

    /** What a native image has to keep. */
    static final class Hints implements RuntimeHintsRegistrar {

        @Override
        public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
            hints.reflection().registerType(Failing.class, MemberCategory.INVOKE_DECLARED_METHODS);
        }
    }

    /** What is called in place of the handler. */
    private record Failing(Throwable failure) {

        // Called by reflection, as handlers are.
        @SuppressWarnings("UnusedMethod")
        void fail() throws Throwable {
            throw failure;
        }
    }
}
