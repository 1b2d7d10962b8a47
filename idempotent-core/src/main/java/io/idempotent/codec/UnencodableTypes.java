package io.idempotent.codec;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.Writer;
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

/** Knows the types whose objects are no content: handles on something that happens, or is consumed by being read. */
final class UnencodableTypes {

    private static final String LATER = "its content comes later";

    private static final String ONCE = "reading it consumes it";

    private static final String LIVE = "it belongs to one JVM";

    private static final List<Class<?>> COME_LATER =
            List.of(CompletionStage.class, Future.class, Flow.Publisher.class, Callable.class, Runnable.class);

    private static final List<Class<?>> READ_ONCE = List.of(
            BaseStream.class,
            InputStream.class,
            OutputStream.class,
            Reader.class,
            Writer.class,
            Iterator.class,
            Enumeration.class,
            Spliterator.class);

    private static final List<Class<?>> LIVE_HERE = List.of(Thread.class, ClassLoader.class, Class.class);

    // By name, since none of these libraries has to be there.
    private static final Set<String> COME_LATER_BY_NAME = Set.of(
            "org.reactivestreams.Publisher",
            "io.reactivex.rxjava3.core.CompletableSource",
            "io.reactivex.rxjava3.core.MaybeSource",
            "io.reactivex.rxjava3.core.ObservableSource",
            "io.reactivex.rxjava3.core.SingleSource",
            "io.reactivex.CompletableSource",
            "io.reactivex.MaybeSource",
            "io.reactivex.ObservableSource",
            "io.reactivex.SingleSource",
            "io.smallrye.mutiny.Uni",
            "io.vavr.concurrent.Future",
            "kotlin.coroutines.Continuation",
            "kotlinx.coroutines.Job",
            "kotlinx.coroutines.flow.Flow",
            "org.springframework.web.context.request.async.DeferredResult",
            "org.springframework.web.context.request.async.WebAsyncTask",
            "org.springframework.web.servlet.mvc.method.annotation.ResponseBodyEmitter");

    private UnencodableTypes() {}

    /** Why objects of a class are no content; null where they may be. */
    static @Nullable String reason(Class<?> type) {
        if (isAnyOf(type, COME_LATER) || Accessor.find(type, COME_LATER_BY_NAME) != null) {
            return LATER;
        }
        if (isAnyOf(type, READ_ONCE)) {
            return ONCE;
        }
        if (isAnyOf(type, LIVE_HERE)) {
            return LIVE;
        }
        return isFunction(type) ? "it is code" : null;
    }

    private static boolean isAnyOf(Class<?> type, List<Class<?>> refused) {
        return refused.stream().anyMatch(candidate -> candidate.isAssignableFrom(type));
    }

    private static boolean isFunction(Class<?> type) {
        // A lambda's class is hidden and implements its interface directly.
        if (type.isHidden()) {
            for (Class<?> parent : type.getInterfaces()) {
                if (isFunction(parent)) {
                    return true;
                }
            }
        }
        return type.isInterface()
                && (type.isAnnotationPresent(FunctionalInterface.class)
                        || type.getPackageName().equals("java.util.function"));
    }
}
