package io.idempotent.spring.operation;

import java.lang.reflect.Method;
import java.util.Locale;

/** Names methods: in messages, and as operations. */
public final class MethodNames {

    private MethodNames() {}

    /** The method as a reader of a message finds it: {@code PaymentService.pay(PaymentRequest)}. */
    public static String describe(Method method, Class<?> targetClass) {
        StringBuilder described = new StringBuilder(targetClass.getName())
                .append('.')
                .append(method.getName())
                .append('(');
        String separator = "";
        for (Class<?> parameter : method.getParameterTypes()) {
            described.append(separator).append(parameter.getSimpleName());
            separator = ", ";
        }
        return described.append(')').toString();
    }

    /** The default name of an operation: {@code PaymentService.pay} becomes {@code payment-service-pay}. */
    public static String operation(Class<?> declaringClass, Method method) {
        return hyphenated(declaringClass.getSimpleName()) + "-" + hyphenated(method.getName());
    }

    private static String hyphenated(String camelCase) {
        StringBuilder words = new StringBuilder(camelCase.length() + 8);
        for (int index = 0; index < camelCase.length(); index++) {
            if (index > 0 && isCapital(camelCase, index)) {
                boolean afterWord = isSmall(camelCase, index - 1) || isDigit(camelCase, index - 1);
                boolean afterCapitals = isCapital(camelCase, index - 1) && isSmall(camelCase, index + 1);
                if (afterWord || afterCapitals) {
                    words.append('-');
                }
            }
            words.append(camelCase.charAt(index));
        }
        return words.toString().toLowerCase(Locale.ROOT);
    }

    private static boolean isCapital(String text, int index) {
        return text.charAt(index) >= 'A' && text.charAt(index) <= 'Z';
    }

    private static boolean isSmall(String text, int index) {
        return index < text.length() && text.charAt(index) >= 'a' && text.charAt(index) <= 'z';
    }

    private static boolean isDigit(String text, int index) {
        return text.charAt(index) >= '0' && text.charAt(index) <= '9';
    }
}
