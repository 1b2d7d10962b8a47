package io.idempotent.spring.messaging;

import io.idempotent.IdempotencyConfigurationException;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.MergedAnnotations;

/** What is known of the listeners of one broker's library. One bean for each library that is there. */
public interface ListenerKind {

    /** Whether a method with these annotations is such a listener. */
    boolean isListener(MergedAnnotations annotations);

    /**
     * Refuses a method whose calls cannot be protected as its container makes them.
     *
     * @param described what the method is in the code, for messages
     * @throws IdempotencyConfigurationException if each call has several messages
     */
    void check(Method method, MergedAnnotations annotations, String described);

    /**
     * How the method's deliveries are acknowledged if the method does it; null, the default, if its container does, or
     * what calls it there.
     */
    default @Nullable Acknowledging acknowledging(Method method, MergedAnnotations annotations) {
        return null;
    }

    /**
     * Whether containers call methods within a {@link ContainerCall}, so that other calls can be told from theirs.
     * Defaults to true.
     */
    default boolean bindsCalls() {
        return true;
    }

    /**
     * Whether the broker counts each redelivery as a failure, so that it is better to hold a message here and to try
     * again. Defaults to true.
     */
    default boolean countsRedeliveries() {
        return true;
    }

    /** Reads a message as this library delivers it; null if it is not such a message. */
    @Nullable
    ReceivedMessage read(Object message);
}
