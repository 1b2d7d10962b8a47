package io.idempotent.spring.reactive;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.springframework.context.ApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.util.ClassUtils;
import reactor.core.publisher.Mono;

/** How methods return what they produce later. */
enum Way {
    FUTURE {
        @Override
        Calls calls(ApplicationContext context) {
            return byReflection(context.getBean(FuturePayments.class));
        }
    },
    MONO {
        @Override
        Calls calls(ApplicationContext context) {
            return byReflection(context.getBean(MonoPayments.class));
        }
    },
    SUSPEND {
        @Override
        Calls calls(ApplicationContext context) {
            return (Calls) context.getBean("suspendCalls");
        }
    };

    abstract Calls calls(ApplicationContext context);

    /** Registers the operations in all ways. */
    static void register(GenericApplicationContext context, ClassLoader kotlin) {
        context.registerBean(Script.class);
        context.registerBean(FuturePayments.class);
        context.registerBean(MonoPayments.class);
        context.registerBean(ClassUtils.resolveClassName("io.idempotent.spring.reactive.SuspendPayments", kotlin));
        context.registerBean(
                "suspendCalls", ClassUtils.resolveClassName("io.idempotent.spring.reactive.SuspendCalls", kotlin));
    }

    private static Calls byReflection(Object bean) {
        return (operation, argument) -> {
            Method method = Stream.of(ClassUtils.getUserClass(bean).getMethods())
                    .filter(candidate -> candidate.getName().equals(operation))
                    .findAny()
                    .orElseThrow();
            try {
                return future(method.invoke(bean, argument));
            } catch (InvocationTargetException thrown) {
                throw new AssertionError("thrown, not returned", thrown.getCause());
            } catch (IllegalAccessException failure) {
                throw new AssertionError(failure);
            }
        };
    }

    @SuppressWarnings("unchecked")
    private static CompletableFuture<Object> future(Object returned) {
        return returned instanceof Mono<?> mono
                ? (CompletableFuture<Object>) mono.toFuture()
                : (CompletableFuture<Object>) returned;
    }
}
