package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import java.lang.reflect.Method;

/** Parses expressions over calls. Safe for use by many threads. */
public interface CallExpressions {

    /** What an expression is for, in the word of the attribute that it stands in. */
    enum Purpose {
        /** The caller's key. */
        KEY("key"),
        /** What keeps callers apart. */
        SCOPE("scope"),
        /** What the request says. */
        FINGERPRINT("fingerprint"),
        /** Whether the result is not to be recorded. */
        UNLESS("unless"),
        /** What is recorded in place of all arguments. */
        RECOVER("recover.arguments");

        private final String attribute;

        Purpose(String attribute) {
            this.attribute = attribute;
        }

        /** The attribute's name. */
        public String attribute() {
            return attribute;
        }
    }

    /**
     * Parses an expression and checks it against a method's signature.
     *
     * @param purpose what the expression is for
     * @param text the expression
     * @param method the method whose calls it is about
     * @param targetClass the class of the object that is called
     * @throws IdempotencyConfigurationException if it cannot be parsed, or names what the method does not have
     */
    CallExpression parse(Purpose purpose, String text, Method method, Class<?> targetClass);
}
