package io.idempotent.spring.annotation;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.startup.SupportedSpring;
import java.util.ArrayList;
import java.util.List;
import org.springframework.context.annotation.AdviceMode;
import org.springframework.context.annotation.AdviceModeImportSelector;
import org.springframework.util.ClassUtils;

/** Chooses what makes the interception of {@link EnableIdempotency}'s mode work. */
final class IdempotencyImportSelector extends AdviceModeImportSelector<EnableIdempotency> {

    // Named, not referred to: AspectJ need not be there in the mode PROXY.
    private static final String ASPECT_REGISTRAR = "io.idempotent.spring.aspect.AspectRegistrar";

    // Named, not referred to: Spring's transactions need not be there.
    private static final String TRANSACTION_REGISTRAR = "io.idempotent.spring.transaction.TransactionRegistrar";

    // Named, not referred to: HTTP clients need not be there.
    private static final String RETRY_AFTER_HINT = "io.idempotent.spring.web.client.RetryAfterHint";

    @Override
    protected String[] selectImports(AdviceMode mode) {
        SupportedSpring.check(getClass().getClassLoader());
        List<String> imports = new ArrayList<>(imports(mode));
        if (isPresent("org.springframework.transaction.interceptor.TransactionAspectSupport")) {
            imports.add(TRANSACTION_REGISTRAR);
        }
        if (isPresent("org.springframework.web.client.RestClientResponseException")) {
            imports.add(RETRY_AFTER_HINT);
        }
        return imports.toArray(String[]::new);
    }

    private static List<String> imports(AdviceMode mode) {
        if (mode == AdviceMode.PROXY) {
            return List.of(ProxyRegistrar.class.getName());
        }
        if (!isPresent("org.aspectj.lang.annotation.Aspect")) {
            throw new IdempotencyConfigurationException(
                    "@EnableIdempotency(mode = ASPECTJ) needs AspectJ, which is not on the class path",
                    "Add org.aspectj:aspectjweaver");
        }
        return List.of(AnnotationRegistrar.class.getName(), ASPECT_REGISTRAR);
    }

    private static boolean isPresent(String type) {
        return ClassUtils.isPresent(type, IdempotencyImportSelector.class.getClassLoader());
    }
}
