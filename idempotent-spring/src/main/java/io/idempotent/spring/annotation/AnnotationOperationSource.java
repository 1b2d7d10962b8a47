package io.idempotent.spring.annotation;

import io.idempotent.engine.WhenAbandoned;
import io.idempotent.spring.operation.AnnotationReader;
import io.idempotent.spring.operation.OperationDeclaration;
import io.idempotent.spring.operation.OperationDeclaration.Content;
import io.idempotent.spring.operation.OperationDeclaration.Reload;
import io.idempotent.spring.operation.OperationSource;
import io.idempotent.spring.settings.OperationSettings;
import io.idempotent.spring.settings.SettingRecords;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.MethodClassKey;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.core.annotation.MergedAnnotation;
import org.springframework.core.annotation.MergedAnnotationSelectors;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.annotation.MergedAnnotations.SearchStrategy;
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

    private static final OperationSettings RECONCILED = SettingRecords.read(
            OperationSettings.class, (path, type) -> path.equals("whenAbandoned") ? WhenAbandoned.RECONCILE : null);

    private final UnaryOperator<@Nullable String> placeholders;

    private final Map<MethodClassKey, MergedAnnotation<Idempotent>> known = new ConcurrentHashMap<>();

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
        return annotation(method, targetClass).isPresent();
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
        MergedAnnotation<Idempotent> annotation = annotation(method, targetClass);
        return annotation.isPresent()
                ? declaration(
                        annotation,
                        new AnnotationReader(annotation, placeholders, targetClass.getName() + "." + method.getName()))
                : null;
    }

    private MergedAnnotation<Idempotent> annotation(Method method, Class<?> targetClass) {
        return known.computeIfAbsent(new MethodClassKey(method, targetClass), key -> find(method, targetClass));
    }

    static MergedAnnotation<Idempotent> find(Method method, Class<?> targetClass) {
        if (method.getDeclaringClass() == Object.class) {
            return MergedAnnotation.missing();
        }
        Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
        MergedAnnotation<Idempotent> found = find(specific);
        if (!found.isPresent() && !specific.equals(method)) {
            found = find(method);
        }
        return found.isPresent() ? found : findOnInterfaces(specific, targetClass);
    }

    /** A method that a class inherits may implement one of an interface that only the class knows. */
    private static MergedAnnotation<Idempotent> findOnInterfaces(Method specific, Class<?> targetClass) {
        if (specific.getDeclaringClass() == targetClass || !Modifier.isPublic(specific.getModifiers())) {
            return MergedAnnotation.missing();
        }
        return Arrays.stream(ClassUtils.getAllInterfacesForClass(targetClass))
                .flatMap(candidate -> Arrays.stream(candidate.getMethods()))
                .filter(declared -> declared.getName().equals(specific.getName())
                        && AopUtils.getMostSpecificMethod(declared, targetClass).equals(specific))
                .map(AnnotationOperationSource::find)
                .filter(MergedAnnotation::isPresent)
                .findFirst()
                .orElseGet(MergedAnnotation::missing);
    }

    private static MergedAnnotation<Idempotent> find(Method method) {
        return MergedAnnotations.from(method, SearchStrategy.TYPE_HIERARCHY)
                .get(Idempotent.class, null, MergedAnnotationSelectors.firstDirectlyDeclared());
    }

    private static OperationDeclaration declaration(MergedAnnotation<Idempotent> annotation, AnnotationReader reader) {
        String key = reader.text("key");
        if (key == null) {
            throw reader.invalid(
                    "key",
                    annotation.getString("key"),
                    "is empty",
                    "Say what tells calls apart: \"#request.id\"",
                    null);
        }
        String reconcileWith = reader.text("reconcileWith");
        OperationSettings settings = reader.settings();
        return new OperationDeclaration(
                key,
                reader.text("operation"),
                content(reader.text("fingerprint")),
                reader.text("unless"),
                reader.failures("recordFailures"),
                reader.failures("compensateOn"),
                reader.failures("unknownOn"),
                reconcileWith,
                reload(reader),
                reconcileWith == null ? settings : settings.orElse(RECONCILED));
    }

    private static @Nullable Reload reload(AnnotationReader reader) {
        String arguments = reader.text("recover.arguments");
        String loadWith = reader.text("recover.loadWith");
        if (arguments != null && loadWith != null) {
            return new Reload(arguments, loadWith);
        }
        if (arguments == null && loadWith == null) {
            return null;
        }
        throw arguments == null
                ? reader.invalid(
                        "recover.loadWith",
                        String.valueOf(loadWith),
                        "says what makes the arguments again, and not of what",
                        "Say arguments too, the expression of what is recorded: \"#order.id\"",
                        null)
                : reader.invalid(
                        "recover.arguments",
                        arguments,
                        "says what is recorded, and not what makes the arguments of it again",
                        "Say loadWith too, the name of a method of the same bean that takes what is recorded",
                        null);
    }

    private static Content content(@Nullable String fingerprint) {
        if (fingerprint == null) {
            return new Content.Arguments();
        }
        return fingerprint.equals(Idempotent.NONE) ? new Content.Nothing() : new Content.Expression(fingerprint);
    }
}
