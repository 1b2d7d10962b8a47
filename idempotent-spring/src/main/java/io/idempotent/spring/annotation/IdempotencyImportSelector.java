package io.idempotent.spring.annotation;

import io.idempotent.IdempotencyConfigurationException;
import org.springframework.context.annotation.AdviceMode;
import org.springframework.context.annotation.AdviceModeImportSelector;
import org.springframework.util.ClassUtils;

/** Chooses what makes the interception of {@link EnableIdempotency}'s mode work. */
final class IdempotencyImportSelector extends AdviceModeImportSelector<EnableIdempotency> {

    // Named, not referred to: AspectJ need not be there in the mode PROXY.
    private static final String ASPECT_REGISTRAR = "io.idempotent.spring.aspect.AspectRegistrar";

    @Override
    protected String[] selectImports(AdviceMode mode) {
        if (mode == AdviceMode.PROXY) {
            return new String[] {ProxyRegistrar.class.getName()};
        }
        if (!ClassUtils.isPresent(
                "org.aspectj.lang.annotation.Aspect", getClass().getClassLoader())) {
            throw new IdempotencyConfigurationException(
                    "@EnableIdempotency(mode = ASPECTJ) needs AspectJ, which is not on the class path",
                    "Add org.aspectj:aspectjweaver");
        }
        return new String[] {AnnotationRegistrar.class.getName(), ASPECT_REGISTRAR};
    }
}
