package io.idempotent.spring.messaging;

import io.idempotent.spring.operation.MethodNames;
import io.idempotent.spring.operation.OperationRegistry;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.MethodIntrospector.MetadataLookup;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.annotation.MergedAnnotations.SearchStrategy;
import org.springframework.util.ClassUtils;

/** The methods that the containers of one library call. Containers do not tell. Safe for use by many threads. */
public final class ContainerMethods {

    // As messages name the methods.
    private final Map<Object, Set<String>> described = Collections.synchronizedMap(new WeakHashMap<>());

    /** Makes one that knows no container. */
    public ContainerMethods() {}

    /**
     * Notes which method of a bean a container calls.
     *
     * @param method the method; null if the container chooses one by the message
     * @param handler what annotates the methods to choose from
     */
    public void add(
            @Nullable Object container,
            @Nullable Object bean,
            @Nullable Method method,
            Class<? extends Annotation> handler) {
        if (container != null && bean != null) {
            Class<?> type = ClassUtils.getUserClass(AopProxyUtils.ultimateTargetClass(bean));
            Collection<Method> methods = method == null ? handlers(type, handler) : List.of(method);
            described.put(
                    container,
                    methods.stream()
                            .map(called -> MethodNames.describe(called, type))
                            .collect(Collectors.toSet()));
        }
    }

    private static Set<Method> handlers(Class<?> type, Class<? extends Annotation> handler) {
        MetadataLookup<@Nullable Boolean> annotated = method ->
                MergedAnnotations.from(method, SearchStrategy.TYPE_HIERARCHY).isPresent(handler) ? true : null;
        return MethodIntrospector.selectMethods(type, annotated).keySet();
    }

    /** The idempotent ones of the methods that a container calls, as messages name them. */
    public List<String> idempotent(Object container, OperationRegistry operations) {
        Set<String> called = described.getOrDefault(container, Set.of());
        return operations.operations().stream()
                .map(operation -> operation.contract().declaredAt())
                .filter(called::contains)
                .distinct()
                .toList();
    }

    /** Whether nothing that a container calls is idempotent itself. */
    public boolean isPlain(Object container, OperationRegistry operations) {
        return described.containsKey(container)
                && idempotent(container, operations).isEmpty();
    }
}
