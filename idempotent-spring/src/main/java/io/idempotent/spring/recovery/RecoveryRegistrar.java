package io.idempotent.spring.recovery;

import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.Verifier;
import io.idempotent.spring.startup.IdempotencyInfrastructure;
import io.idempotent.spring.startup.InfrastructureBeans;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.type.AnnotationMetadata;

/** Registers what finishes abandoned executions without their callers. Imported by its name. */
final class RecoveryRegistrar implements ImportBeanDefinitionRegistrar {

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        IdempotencyInfrastructure infrastructure = new IdempotencyInfrastructure(registry);
        infrastructure.register(Recoverer.class, RecoveryRegistrar.class, "recoverer");
        infrastructure.register(Verification.class, RecoveryRegistrar.class, "verification");
        infrastructure.register(RecoveryJob.class, RecoveryRegistrar.class, "job");
    }

    static Recoverer recoverer(InfrastructureBeans beans) {
        return new Recoverer(beans.bean(OperationRegistry.class));
    }

    /** Makes no listener where nobody verifies, so that calls tell nobody. */
    static @Nullable Verification verification(InfrastructureBeans beans) {
        String[] verifiers =
                BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beans.beanFactory(), Verifier.class, true, false);
        return verifiers.length == 0
                ? null
                : new Verification(
                        () -> beans.bean(OperationRegistry.class),
                        () -> beans.beanFactory()
                                .getBeanProvider(Verifier.class)
                                .orderedStream()
                                .toList());
    }

    static RecoveryJob job(InfrastructureBeans beans) {
        return new RecoveryJob(
                beans.bean(OperationRegistry.class),
                beans.bean(Recoverer.class),
                beans.beanFactory().getBeanProvider(Verification.class).getIfAvailable());
    }
}
