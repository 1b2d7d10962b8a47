package io.idempotent.spring.annotation;

import io.idempotent.spring.operation.AnnotationReader;
import io.idempotent.spring.operation.OperationDeclaration;
import io.idempotent.spring.operation.OperationDeclaration.Content;
import io.idempotent.spring.operation.OperationSource;
import io.idempotent.spring.settings.EnvironmentSettings;
import io.idempotent.spring.settings.OperationSettings;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.MethodClassKey;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.util.ClassUtils;

/**
 * Reads {@link Idempotent} from methods.
 *
 * <ol>
 *   <li>The method of the target's class is looked at first, with those that it overrides and those of interfaces that
 *       it implements; then the method that was invoked.
 *   <li>Annotations that are composed of it count as it does.
 *   <li>What an attribute leaves at its default was not said.
 * </ol>
 */
final class AnnotationOperationSource implements OperationSource {

    private static final OperationSettings RECONCILED =
            EnvironmentSettings.ofOperation(Map.of("when-abandoned", "reconcile"));

    private final UnaryOperator<@Nullable String> placeholders;

    private final Map<MethodClassKey, Boolean> known = new ConcurrentHashMap<>();

    /**
     * Makes the source.
     *
     * @param placeholders resolves them in strings
     */
    AnnotationOperationSource(UnaryOperator<@Nullable String> placeholders) {
        this.placeholders = placeholders;
    }

    @Override
    public boolean isCandidate(Class<?> targetClass) {
        return AnnotationUtils.isCandidateClass(targetClass, Idempotent.class);
    }

    @Override
    public boolean isIdempotent(Method method, Class<?> targetClass) {
        return known.computeIfAbsent(new MethodClassKey(method, targetClass), key -> find(method, targetClass) != null);
    }

    @Override
    public boolean isDeclaredOnClass(Method method) {
        // Directly, or by one composed annotation: what the aspect's pointcut says.
        return !method.getDeclaringClass().isInterface()
                && MergedAnnotations.from(method).stream(Idempotent.class)
                        .anyMatch(annotation -> annotation.getDistance() <= 1);
    }

    @Override
    public @Nullable OperationDeclaration declaration(Method method, Class<?> targetClass) {
        Idempotent annotation = find(method, targetClass);
        return annotation == null
                ? null
                : declaration(
                        annotation,
                        new AnnotationReader(annotation, placeholders, targetClass.getName() + "." + method.getName()));
    }

    static @Nullable Idempotent find(Method method, Class<?> targetClass) {
        if (method.getDeclaringClass() == Object.class) {
            return null;
        }
        Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
        Idempotent found = AnnotatedElementUtils.findMergedAnnotation(specific, Idempotent.class);
        if (found == null && !specific.equals(method)) {
            found = AnnotatedElementUtils.findMergedAnnotation(method, Idempotent.class);
        }
        return found != null ? found : findOnInterfaces(specific, targetClass);
    }

    /** A method that a class inherits may implement one of an interface that only the class knows. */
    private static @Nullable Idempotent findOnInterfaces(Method specific, Class<?> targetClass) {
        if (specific.getDeclaringClass() == targetClass || !Modifier.isPublic(specific.getModifiers())) {
            return null;
        }
        for (Class<?> candidate : ClassUtils.getAllInterfacesForClass(targetClass)) {
            for (Method declared : candidate.getMethods()) {
                if (declared.getName().equals(specific.getName())
                        && AopUtils.getMostSpecificMethod(declared, targetClass).equals(specific)) {
                    Idempotent found = AnnotatedElementUtils.findMergedAnnotation(declared, Idempotent.class);
                    if (found != null) {
                        return found;
                    }
                }
            }
        }
        return null;
    }

    private static OperationDeclaration declaration(Idempotent annotation, AnnotationReader reader) {
        String key = reader.text("key");
        if (key == null) {
            throw reader.invalid(
                    "key", annotation.key(), "is empty", "Say what tells calls apart: \"#request.id\"", null);
        }
        String reconcileWith = reader.text("reconcileWith");
        OperationSettings settings = reader.settings();
        return new OperationDeclaration(
                key,
                reader.text("operation"),
                content(reader.text("fingerprint")),
                reader.text("unless"),
                List.of(annotation.recordFailures()),
                List.of(annotation.unknownOn()),
                reconcileWith,
                reconcileWith == null ? settings : settings.orElse(RECONCILED));
    }

    private static Content content(@Nullable String fingerprint) {
        if (fingerprint == null) {
            return new Content.Arguments();
        }
        return fingerprint.equals(Idempotent.NONE) ? new Content.Nothing() : new Content.Expression(fingerprint);
    }
}
