package io.idempotent.spring.annotation;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.WhenAbandoned;
import io.idempotent.engine.WhenStoreFails;
import io.idempotent.spring.operation.OperationDeclaration;
import io.idempotent.spring.operation.OperationDeclaration.Content;
import io.idempotent.spring.operation.OperationSource;
import io.idempotent.spring.settings.EnvironmentSettings;
import io.idempotent.spring.settings.OperationSettings;
import io.idempotent.spring.settings.RetrySettings;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
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
        return annotation == null ? null : new Reader(method, targetClass).declaration(annotation);
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

    /** Reads one annotation, and says where it stands when it cannot. */
    private final class Reader {

        private final Method method;

        private final Class<?> targetClass;

        Reader(Method method, Class<?> targetClass) {
            this.method = method;
            this.targetClass = targetClass;
        }

        OperationDeclaration declaration(Idempotent annotation) {
            String key = text("key", annotation.key());
            if (key == null) {
                throw invalid("key", annotation.key(), "is empty", "Say what tells calls apart: \"#request.id\"", null);
            }
            OperationSettings settings = OperationSettings.builder()
                    .store(text("store", annotation.store()))
                    .scope(text("scope", annotation.scope()))
                    .retention(duration("retention", annotation.retention()))
                    .lease(duration("lease", annotation.lease()))
                    .waitAtMost(duration("waitAtMost", annotation.waitAtMost()))
                    .whenStoreFails(
                            switch (annotation.whenStoreFails()) {
                                case INHERIT -> null;
                                case REFUSE -> WhenStoreFails.REFUSE;
                                case RUN -> WhenStoreFails.RUN;
                            })
                    .whenAbandoned(whenAbandoned(annotation))
                    .atomic(annotation.atomic() ? Boolean.TRUE : null)
                    .transactionManager(text("transactionManager", annotation.transactionManager()))
                    .retry(retry(annotation.retry()))
                    .build();
            return new OperationDeclaration(
                    key,
                    text("operation", annotation.operation()),
                    content(text("fingerprint", annotation.fingerprint())),
                    text("unless", annotation.unless()),
                    List.of(annotation.recordFailures()),
                    List.of(annotation.unknownOn()),
                    text("reconcileWith", annotation.reconcileWith()),
                    settings);
        }

        private static @Nullable WhenAbandoned whenAbandoned(Idempotent annotation) {
            return switch (annotation.whenAbandoned()) {
                case INHERIT -> annotation.reconcileWith().isEmpty() ? null : WhenAbandoned.RECONCILE;
                case RUN_AGAIN -> WhenAbandoned.RUN_AGAIN;
                case RECONCILE -> WhenAbandoned.RECONCILE;
                case REFUSE -> WhenAbandoned.REFUSE;
            };
        }

        private static Content content(@Nullable String fingerprint) {
            if (fingerprint == null) {
                return new Content.Arguments();
            }
            return fingerprint.equals(Idempotent.NONE) ? new Content.Nothing() : new Content.Expression(fingerprint);
        }

        private RetrySettings retry(Idempotent.Retry retry) {
            return new RetrySettings(
                    number(
                            "retry.maxRetries",
                            retry.maxRetries() == -1 ? null : retry.maxRetries(),
                            retry.maxRetriesString(),
                            Long::valueOf),
                    duration("retry.delay", retry.delay()),
                    number(
                            "retry.multiplier",
                            retry.multiplier() == 0 ? null : retry.multiplier(),
                            retry.multiplierString(),
                            Double::valueOf),
                    duration("retry.maxDelay", retry.maxDelay()),
                    duration("retry.jitter", retry.jitter()),
                    duration("retry.timeout", retry.timeout()),
                    retry.includes().length == 0 ? null : List.of(retry.includes()),
                    retry.excludes().length == 0 ? null : List.of(retry.excludes()));
        }

        private <N extends Number> @Nullable N number(
                String attribute, @Nullable N number, String text, Function<String, N> reader) {
            String resolved = text(attribute + "String", text);
            if (resolved == null) {
                return number;
            }
            if (number != null) {
                throw invalid(attribute, text, "is said twice, as a number too", "Keep one of them", null);
            }
            return read(attribute + "String", text, resolved, reader);
        }

        private @Nullable Duration duration(String attribute, String text) {
            String resolved = text(attribute, text);
            return resolved == null ? null : read(attribute, text, resolved, EnvironmentSettings::duration);
        }

        private <T> T read(String attribute, String text, String resolved, Function<String, T> reader) {
            try {
                return reader.apply(resolved);
            } catch (NumberFormatException failure) {
                throw invalid(attribute, text, said(text, resolved) + "is no number", "Write it in digits", failure);
            } catch (IllegalArgumentException failure) {
                throw invalid(attribute, text, said(text, resolved) + failure.getMessage(), "Correct it", failure);
            }
        }

        private static String said(String text, String resolved) {
            return resolved.equals(text.trim()) ? "" : "is \"" + resolved + "\", which ";
        }

        private @Nullable String text(String attribute, String text) {
            String resolved;
            try {
                resolved = placeholders.apply(text);
            } catch (IllegalArgumentException failure) {
                throw unresolved(attribute, text, failure.getMessage(), failure);
            }
            if (resolved == null || resolved.isBlank()) {
                return null;
            }
            // Some resolvers leave as it is what they do not know.
            if (resolved.contains("${")) {
                throw unresolved(attribute, text, resolved, null);
            }
            return resolved.trim();
        }

        private IdempotencyConfigurationException unresolved(
                String attribute, String text, @Nullable String what, @Nullable Throwable cause) {
            return invalid(
                    attribute,
                    text,
                    "has a placeholder that cannot be resolved: " + what,
                    "Set the property, or give the placeholder a default: ${name:default}",
                    cause);
        }

        private IdempotencyConfigurationException invalid(
                String attribute, String text, String problem, String action, @Nullable Throwable cause) {
            return new IdempotencyConfigurationException(
                    "@Idempotent(" + attribute + " = \"" + text + "\") of " + targetClass.getName() + "."
                            + method.getName() + " " + problem,
                    action,
                    cause);
        }
    }
}
