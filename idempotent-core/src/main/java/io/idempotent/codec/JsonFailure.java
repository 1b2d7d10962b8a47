package io.idempotent.codec;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.exc.ValueInstantiationException;
import tools.jackson.databind.json.JsonMapper;

/** Describes failures of reading and writing JSON. Shows nothing of the content. */
final class JsonFailure {

    private JsonFailure() {}

    /**
     * Names the kinds of the failure, the class in which it happened, and the properties on the way to it. Messages
     * hold content, and so do names that are keys of a map: both are left out.
     */
    static String describe(Throwable failure, JsonMapper mapper) {
        StringBuilder text = new StringBuilder(
                failure instanceof RecordedFormModule.NotRecordableException refusal
                        ? refusal.getOriginalMessage()
                        : failure.getClass().getSimpleName());
        if (failure instanceof JacksonException problem) {
            List<JacksonException.Reference> path = problem.getPath();
            Object place = !path.isEmpty()
                    ? path.get(path.size() - 1).from()
                    : problem instanceof ValueInstantiationException refusal
                            ? refusal.getType().getRawClass()
                            : null;
            if (place != null) {
                Class<?> type = place instanceof Class<?> named ? named : place.getClass();
                text.append(" in ").append(type.getName());
            }
            if (!path.isEmpty()) {
                text.append(", at '").append(path(path, mapper)).append('\'');
            }
            Throwable cause = problem.getCause();
            if (cause != null && cause != problem) {
                text.append(", caused by ").append(cause.getClass().getName());
            }
        }
        return text.toString();
    }

    private static String path(List<JacksonException.Reference> path, JsonMapper mapper) {
        StringBuilder text = new StringBuilder();
        for (JacksonException.Reference step : path) {
            String name = step.getPropertyName();
            if (name == null) {
                text.append('[').append(step.getIndex()).append(']');
            } else if (isProperty(name, step.from(), mapper)) {
                text.append(text.isEmpty() ? "" : ".").append(name);
            } else {
                text.append("[*]");
            }
        }
        return text.toString();
    }

    private static boolean isProperty(String name, @Nullable Object owner, JsonMapper mapper) {
        if (owner == null || owner instanceof Map<?, ?>) {
            return false;
        }
        Class<?> type = owner instanceof Class<?> named ? named : owner.getClass();
        try {
            return mapper
                    ._serializationContext()
                    .introspectBeanDescription(mapper.constructType(type))
                    .findProperties()
                    .stream()
                    .anyMatch(property -> property.getName().equals(name));
        } catch (RuntimeException unknown) {
            return false;
        }
    }
}
