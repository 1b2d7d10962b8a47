package io.idempotent.spring.operation;

import io.idempotent.spring.settings.OperationSettings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is declared for one method, before any property is looked at.
 *
 * @param key the expression of the key
 * @param operation the operation's name; null where it is to be made of class and method
 * @param fingerprint how requests are told apart
 * @param unless the expression that says which results are not recorded; null where all are
 * @param recordFailures the types of failures that are final
 * @param compensateOn the types of failures after which recorded steps are undone
 * @param unknownOn the types of failures after which nobody knows whether the operation was done
 * @param reconcileWith the name of the method of the same bean that finds out; null for none
 * @param reload what is recorded in place of all arguments; null where they are recorded themselves
 * @param settings what else was said; null stands for what was not
 */
public record OperationDeclaration(
        String key,
        @Nullable String operation,
        Content fingerprint,
        @Nullable String unless,
        List<Class<? extends Throwable>> recordFailures,
        List<Class<? extends Throwable>> compensateOn,
        List<Class<? extends Throwable>> unknownOn,
        @Nullable String reconcileWith,
        @Nullable Reload reload,
        OperationSettings settings) {

    /** Makes a declaration. */
    public OperationDeclaration {
        recordFailures = List.copyOf(recordFailures);
        compensateOn = List.copyOf(compensateOn);
        unknownOn = List.copyOf(unknownOn);
    }

    /**
     * What is recorded in place of all arguments, for executions that are finished without their callers.
     *
     * @param arguments the expression of what is recorded
     * @param loadWith the name of the method of the same bean that makes the arguments of it again
     */
    public record Reload(String arguments, String loadWith) {}

    /** What of a request makes its fingerprint. */
    public sealed interface Content {

        /** What people read of it. */
        String description();

        /** All arguments but those that belong to a framework. */
        record Arguments() implements Content {
            @Override
            public String description() {
                return "arguments";
            }
        }

        /** Nothing: a key that is used again for something else goes unnoticed. */
        record Nothing() implements Content {
            @Override
            public String description() {
                return "none";
            }
        }

        /**
         * The value of an expression.
         *
         * @param text the expression
         */
        record Expression(String text) implements Content {
            @Override
            public String description() {
                return text;
            }
        }
    }
}
