package io.idempotent.spring.operation;

import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/**
 * Knows the methods that containers of message listeners call. One bean of this type is there where Spring's messaging
 * is on the class path. Safe for use by many threads.
 */
public interface ListenerMethods {

    /**
     * Finds a listener method. Asked once for each idempotent method.
     *
     * @param method the method as it is invoked
     * @param targetClass the class of the object that it is invoked on
     * @return how its calls are answered; null if no container calls it
     * @throws io.idempotent.IdempotencyConfigurationException if no call of it can be protected as a container makes it
     */
    @Nullable
    ListenerMethod find(Method method, Class<?> targetClass);
}
