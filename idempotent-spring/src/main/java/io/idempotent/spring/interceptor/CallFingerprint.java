package io.idempotent.spring.interceptor;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.RedactedException;
import io.idempotent.codec.Fingerprinter;
import io.idempotent.codec.GenericTypes;
import io.idempotent.spring.interceptor.CallExpressions.Purpose;
import io.idempotent.spring.operation.MethodNames;
import io.idempotent.spring.operation.OperationDeclaration.Content;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.AnnotatedMethod;
import org.springframework.expression.spel.SpelEvaluationException;

/**
 * Takes the fingerprint of a call before the method runs.
 *
 * <ol>
 *   <li>Arguments that a framework fills in say nothing of the request and are left out.
 *   <li>Where the store keeps references, and all types are deeply immutable, the content itself is the fingerprint.
 *   <li>Otherwise it is a digest, since the content may change, or be compared in another JVM.
 * </ol>
 */
@FunctionalInterface
interface CallFingerprint {

    Fingerprint of(IdempotentCall call);

    /**
     * Resolves the way for one method.
     *
     * @param byReference whether the store keeps references
     * @param fingerprinter makes digests
     * @throws IdempotencyConfigurationException if an argument can neither be compared nor encoded
     */
    static CallFingerprint resolve(
            String operation,
            Content content,
            Method method,
            Class<?> targetClass,
            CallExpressions expressions,
            boolean byReference,
            Fingerprinter fingerprinter) {
        if (content instanceof Content.Nothing) {
            return call -> Fingerprint.none();
        }
        if (content instanceof Content.Expression expression) {
            CallExpression parsed = expressions.parse(Purpose.FINGERPRINT, expression.text(), method, targetClass);
            return call -> ofExpression(operation, parsed, call, byReference, fingerprinter);
        }
        return ofArguments(operation, method, targetClass, byReference, fingerprinter);
    }

    private static CallFingerprint ofArguments(
            String operation, Method method, Class<?> targetClass, boolean byReference, Fingerprinter fingerprinter) {
        int[] positions = new int[method.getParameterCount()];
        int count = 0;
        boolean immutable = true;
        AnnotatedMethod annotated = new AnnotatedMethod(method);
        Type[] types = method.getGenericParameterTypes();
        for (int index = 0; index < types.length; index++) {
            // What a superclass leaves open, the target's class may say.
            types[index] = GenericTypes.resolve(types[index], targetClass);
            if (FrameworkTypes.isFilledIn(annotated, index, GenericTypes.erase(types[index]))) {
                continue;
            }
            positions[count++] = index;
            if (byReference && ImmutableTypes.isDeeplyImmutable(types[index])) {
                continue;
            }
            immutable = false;
            String refusal = fingerprinter.refusal(types[index]);
            if (refusal != null) {
                throw new IdempotencyConfigurationException(
                        "Parameter " + index + " of " + MethodNames.describe(method, targetClass) + " is of type "
                                + types[index].getTypeName()
                                + ", which can neither be compared by value nor encoded: " + refusal,
                        "Say what tells requests apart, fingerprint = \"#request.amount\" say, or switch it off by"
                                + " fingerprint = Idempotent.NONE");
            }
        }
        if (count == 0) {
            return call -> Fingerprint.none();
        }
        int[] compared = Arrays.copyOf(positions, count);
        if (!immutable) {
            return call -> digest(operation, fingerprinter, content(call, compared));
        }
        if (count == 1) {
            int position = compared[0];
            return call -> Fingerprint.ofContent(call.arguments()[position]);
        }
        return call -> Fingerprint.ofContent(content(call, compared));
    }

    private static List<@Nullable Object> content(IdempotentCall call, int[] positions) {
        List<@Nullable Object> content = new ArrayList<>(positions.length);
        for (int position : positions) {
            content.add(call.arguments()[position]);
        }
        return content;
    }

    private static Fingerprint ofExpression(
            String operation,
            CallExpression expression,
            IdempotentCall call,
            boolean byReference,
            Fingerprinter fingerprinter) {
        Object content;
        try {
            content = expression.evaluate(call, null);
        } catch (RuntimeException failure) {
            String problem = CallExpression.failed("fingerprint", failure);
            // Something that the caller left out, and not code that threw.
            if (failure instanceof SpelEvaluationException && failure.getCause() == null) {
                throw new IdempotencyKeyException(operation, problem, RedactedException.of(failure));
            }
            throw notTaken(operation, problem, RedactedException.of(failure));
        }
        List<?> elements = content instanceof List<?> list ? list : Collections.singletonList(content);
        if (byReference && elements.stream().allMatch(CallFingerprint::isImmutable)) {
            return Fingerprint.ofContent(content instanceof List<?> ? new ArrayList<>(elements) : content);
        }
        return digest(operation, fingerprinter, content);
    }

    private static boolean isImmutable(@Nullable Object element) {
        return element == null || ImmutableTypes.isDeeplyImmutable(element.getClass());
    }

    private static Fingerprint digest(String operation, Fingerprinter fingerprinter, @Nullable Object content) {
        try {
            return fingerprinter.fingerprint(content);
        } catch (IllegalArgumentException failure) {
            throw notTaken(operation, "its arguments cannot be encoded: " + failure.getMessage(), failure);
        }
    }

    /** The key may be as good as any: what was called in order to read the request threw, or cannot be read. */
    private static IllegalStateException notTaken(String operation, String problem, Throwable cause) {
        return new IllegalStateException(
                "Operation '" + operation + "' was not run, since no fingerprint of its request could be taken: "
                        + problem + ". Mend what throws, or say fingerprint = \"#request.amount\"",
                cause);
    }
}
