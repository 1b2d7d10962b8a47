package io.idempotent.spring.messaging;

import io.idempotent.IdempotencyConfigurationException;
import java.lang.reflect.Method;
import java.util.List;
import org.springframework.core.ResolvableType;
import org.springframework.messaging.Message;

/** Listeners that get several messages at once, and so cannot be idempotent themselves. */
public final class BatchListeners {

    private BatchListeners() {}

    /**
     * Refuses a method that gets several messages at once.
     *
     * @param declared whether its annotation says that it does; otherwise its parameters tell
     * @param message the broker's own type of messages
     * @param described what the method is in the code
     * @param failed what to do about one message that failed
     * @throws IdempotencyConfigurationException if it gets several
     */
    public static void refuse(Method method, boolean declared, Class<?> message, String described, String failed) {
        if (declared || getsSeveral(method, List.of(message, Message.class))) {
            throw refusal(described, failed);
        }
    }

    /**
     * Refuses the methods of a container that delivers batches.
     *
     * @param described what the idempotent methods that it calls are in the code
     * @param failed what to do about one message that failed
     * @throws IdempotencyConfigurationException if there is one
     */
    public static void refuse(List<String> described, String failed) {
        if (!described.isEmpty()) {
            throw refusal(described.get(0), failed);
        }
    }

    private static IdempotencyConfigurationException refusal(String described, String failed) {
        return new IdempotencyConfigurationException(
                described + " is idempotent, and gets batches of messages: one key cannot stand for several"
                        + " messages, of which the next batch may have some",
                "Let it call an idempotent method of another bean for each message, and " + failed);
    }

    private static boolean getsSeveral(Method method, List<Class<?>> messages) {
        for (int index = 0; index < method.getParameterCount(); index++) {
            Class<?> element = ResolvableType.forMethodParameter(method, index)
                    .as(Iterable.class)
                    .getGeneric()
                    .toClass();
            if (messages.stream().anyMatch(message -> message.isAssignableFrom(element))) {
                return true;
            }
        }
        return false;
    }
}
