package io.idempotent.spring.operation;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Names methods: in messages, and as operations. */
public final class MethodNames {

    private static final Pattern END_OF_CAPITALS = Pattern.compile("([A-Z]+)([A-Z][a-z])");

    private static final Pattern END_OF_WORD = Pattern.compile("([a-z0-9])([A-Z])");

    private MethodNames() {}

    /** The method as a reader of a message finds it: {@code PaymentService.pay(PaymentRequest)}. */
    public static String describe(Method method, Class<?> targetClass) {
        String parameters = Arrays.stream(method.getParameterTypes())
                .map(Class::getSimpleName)
                .collect(Collectors.joining(", "));
        return targetClass.getName() + "." + method.getName() + "(" + parameters + ")";
    }

    /** The default name of an operation: {@code PaymentService.pay} becomes {@code payment-service-pay}. */
    public static String operation(Class<?> declaringClass, Method method) {
        return hyphenated(declaringClass.getSimpleName()) + "-" + hyphenated(method.getName());
    }

    private static String hyphenated(String camelCase) {
        String words = END_OF_CAPITALS.matcher(camelCase).replaceAll("$1-$2");
        return END_OF_WORD.matcher(words).replaceAll("$1-$2").toLowerCase(Locale.ROOT);
    }
}
