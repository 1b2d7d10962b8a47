package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import java.io.InputStream;
import java.io.Reader;
import java.lang.reflect.Type;
import java.util.Enumeration;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.Spliterator;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.stream.BaseStream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ResolvableType;

/** Refuses methods whose work is not done, or whose result cannot be given again, when they return. */
final class ReturnTypes {

    private static final List<Class<?>> LATER_OR_ONCE = List.of(
            CompletionStage.class,
            Future.class,
            Flow.Publisher.class,
            Callable.class,
            BaseStream.class,
            InputStream.class,
            Reader.class,
            Iterator.class,
            Enumeration.class,
            Spliterator.class);

    // Named, not referred to: none of them need be there.
    private static final Set<String> LATER_OR_ONCE_BY_NAME = Set.of(
            "org.reactivestreams.Publisher",
            "io.reactivex.rxjava3.core.CompletableSource",
            "io.reactivex.rxjava3.core.MaybeSource",
            "io.reactivex.rxjava3.core.ObservableSource",
            "io.reactivex.rxjava3.core.SingleSource",
            "kotlinx.coroutines.Job",
            "kotlinx.coroutines.flow.Flow",
            "io.vavr.concurrent.Future",
            "io.smallrye.mutiny.Uni",
            "org.springframework.web.context.request.async.DeferredResult",
            "org.springframework.web.context.request.async.WebAsyncTask",
            "org.springframework.web.servlet.mvc.method.annotation.ResponseBodyEmitter",
            "org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody");

    // An application has many more methods than types of what they return.
    private static final ClassValue<Boolean> KNOWN = new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
            return isLaterOrOnce(type);
        }
    };

    private ReturnTypes() {}

    /**
     * Checks what a method produces.
     *
     * @param produced its type, which is not that of a future
     * @throws IdempotencyConfigurationException if it is not done yet when the method has produced it, or can be read
     *     only once
     */
    static void check(Type produced, String described) {
        Class<?> refused = findLaterOrOnce(produced);
        if (refused != null) {
            throw new IdempotencyConfigurationException(
                    described + " returns " + refused.getName()
                            + ": when it returns its work is not done, or its result can be read only once",
                    "Annotate a method that returns its result itself, the one that does the work say");
        }
    }

    /** The type that is refused: the one that is produced, or what it is a container of. */
    private static @Nullable Class<?> findLaterOrOnce(Type produced) {
        return produced instanceof Class<?> plain && plain.getTypeParameters().length == 0
                ? KNOWN.get(plain) ? plain : null
                : findLaterOrOnce(ResolvableType.forType(produced));
    }

    private static @Nullable Class<?> findLaterOrOnce(ResolvableType type) {
        if (KNOWN.get(type.toClass())) {
            return type.toClass();
        }
        for (ResolvableType argument : type.getGenerics()) {
            Class<?> refused = findLaterOrOnce(argument);
            if (refused != null) {
                return refused;
            }
        }
        return null;
    }

    private static boolean isLaterOrOnce(Class<?> type) {
        for (Class<?> refused : LATER_OR_ONCE) {
            if (refused.isAssignableFrom(type)) {
                return true;
            }
        }
        return hasNamedType(type);
    }

    private static boolean hasNamedType(Class<?> type) {
        if (LATER_OR_ONCE_BY_NAME.contains(type.getName())) {
            return true;
        }
        for (Class<?> parent : type.getInterfaces()) {
            if (hasNamedType(parent)) {
                return true;
            }
        }
        return type.getSuperclass() != null && hasNamedType(type.getSuperclass());
    }
}
