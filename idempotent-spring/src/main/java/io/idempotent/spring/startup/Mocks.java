package io.idempotent.spring.startup;

import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Tells Mockito's mocks from other objects, in tests. A spy is no mock: it runs the real method. Needs no Mockito;
 * without it nothing is a mock.
 */
final class Mocks {

    private static final @Nullable Method DETAILS = method("org.mockito.Mockito", "mockingDetails", Object.class);

    private static final @Nullable Method IS_MOCK = method("org.mockito.MockingDetails", "isMock");

    private static final @Nullable Method IS_SPY = method("org.mockito.MockingDetails", "isSpy");

    private Mocks() {}

    /** Whether there may be mocks at all. */
    static boolean arePossible() {
        return DETAILS != null && IS_MOCK != null && IS_SPY != null;
    }

    /** Whether an object, or the target of a proxy, answers by what a test told it. */
    static boolean isMock(Object object) {
        if (DETAILS == null || IS_MOCK == null || IS_SPY == null) {
            return false;
        }
        Object details = ReflectionUtils.invokeMethod(DETAILS, null, object);
        return Boolean.TRUE.equals(ReflectionUtils.invokeMethod(IS_MOCK, details))
                && Boolean.FALSE.equals(ReflectionUtils.invokeMethod(IS_SPY, details));
    }

    private static @Nullable Method method(String className, String name, Class<?>... parameters) {
        try {
            Class<?> type = ClassUtils.forName(className, Mocks.class.getClassLoader());
            return ClassUtils.getMethodIfAvailable(type, name, parameters);
        } catch (ClassNotFoundException | LinkageError withoutMockito) {
            return null;
        }
    }
}
