package io.idempotent.server;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Set;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** Skips a test, or all of a class, unless all the servers that it names are wanted. Starts none. */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ExtendWith(NeedsServer.Condition.class)
public @interface NeedsServer {

    /** What is needed. */
    Server[] value();

    /** Looks at {@code -Dservers}. */
    final class Condition implements ExecutionCondition {

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            return AnnotationSupport.findAnnotation(context.getElement(), NeedsServer.class)
                    .map(needs -> evaluate(needs.value()))
                    .orElse(ConditionEvaluationResult.enabled("needs no server"));
        }

        private static ConditionEvaluationResult evaluate(Server... needed) {
            Set<Server> wanted = Server.wanted();
            for (Server server : needed) {
                if (!wanted.contains(server)) {
                    return ConditionEvaluationResult.disabled(
                            "needs %s, which -Dservers=%s leaves out".formatted(server, System.getProperty("servers")));
                }
            }
            return ConditionEvaluationResult.enabled("its servers are wanted");
        }
    }
}
