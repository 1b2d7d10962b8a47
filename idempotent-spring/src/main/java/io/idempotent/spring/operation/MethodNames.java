package io.idempotent.spring.operation;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Names methods: in messages, and as operations. */
public final class MethodNames {

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
        return camelCase
                .replaceAll("([A-Z]+)([A-Z][a-z])", "$1-$2")
                .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
                .toLowerCase(Locale.ROOT);
    }
}
