package io.idempotent.spring.actuate;

import io.idempotent.codec.FailureConstructor;
import io.idempotent.engine.Operation;
import java.lang.reflect.Type;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads what people say that an operation produced, and writes what is recorded, both as the application writes JSON to
 * its clients. Reads nothing that is not sure: no unknown property, none left out, nothing after the value. No message
 * shows anything of a value.
 */
final class JsonValues {

    private final JsonMapper mapper;

    JsonValues(JsonMapper mapper) {
        this.mapper = mapper;
    }

    /** Reads a value of the operation's declared type. */
    @Nullable
    Object read(Operation<?> operation, @Nullable String json) {
        Type type = operation.type().valueType();
        if (type == void.class || type == Void.class) {
            if (json != null) {
                throw new Refusal(400, "The operation '" + operation.name() + "' returns nothing; leave 'value' out");
            }
            return null;
        }
        if (json == null) {
            throw new Refusal(
                    400,
                    "The operation '" + operation.name() + "' returns " + type.getTypeName()
                            + "; give the one that it returned as JSON in the text 'value', \"null\" for null");
        }
        ObjectReader reader = mapper.readerFor(mapper.constructType(type))
                .with(
                        DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
                        DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
                        DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
                        DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        try {
            return reader.readValue(json);
        } catch (JacksonException failure) {
            throw new Refusal(
                    400,
                    "The value is no " + type.getTypeName() + ": "
                            + failure.getClass().getSimpleName()
                            + (failure.getLocation() == null
                                    ? ""
                                    : " at line " + failure.getLocation().getLineNr() + ", column "
                                            + failure.getLocation().getColumnNr())
                            + "; all of its properties have to be there, and no others");
        }
    }

    /** Makes a failure that the operation declares final. */
    static Throwable failure(Operation<?> operation, @Nullable String type, @Nullable String message) {
        List<Class<? extends Throwable>> declared = operation.type().failures();
        for (Class<? extends Throwable> candidate : declared) {
            if (candidate.getName().equals(type) || candidate.getSimpleName().equals(type)) {
                return make(candidate, message);
            }
        }
        throw new Refusal(
                400,
                "The operation '" + operation.name() + "' records failures of "
                        + declared.stream().map(Class::getName).toList()
                        + (declared.isEmpty() ? ": it cannot be settled by one" : "; name one of them in 'failure'"));
    }

    private static Throwable make(Class<? extends Throwable> type, @Nullable String message) {
        FailureConstructor constructor = FailureConstructor.of(type);
        if (constructor == null) {
            throw new Refusal(
                    400, type.getName() + " has no constructor of a message, a message and a cause, or nothing");
        }
        try {
            Throwable failure = constructor.make(message);
            // Where it was made says nothing to whoever gets it.
            failure.setStackTrace(new StackTraceElement[0]);
            return failure;
        } catch (ReflectiveOperationException refusal) {
            throw new Refusal(400, type.getName() + " cannot be made of that message");
        }
    }

    /** Writes a value. */
    Object write(@Nullable Object value) {
        return mapper.valueToTree(value);
    }
}
