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

    private static final String RECOVERY_REGISTRAR = "io.idempotent.spring.recovery.RecoveryRegistrar";

    /** What is imported where a class is there. Named, not referred to: none need be there. */
    private static final List<Part> PARTS = List.of(
            new Part(
                    "org.springframework.transaction.interceptor.TransactionAspectSupport",
                    "io.idempotent.spring.transaction.TransactionRegistrar"),
            new Part(
                    "org.springframework.web.client.RestClientResponseException",
                    "io.idempotent.spring.web.client.RetryAfterHint"),
            new Part(
                    "org.springframework.web.reactive.function.client.WebClientResponseException",
                    "io.idempotent.spring.web.client.WebClientRetryAfterHint"),
            new Part("reactor.core.publisher.Mono", "io.idempotent.spring.reactive.ReactiveRegistrar"),
            new Part(
                    "org.springframework.messaging.Message",
                    "io.idempotent.spring.messaging.IdempotentMessagingConfiguration"),
            new Part(
                    "org.springframework.kafka.annotation.KafkaListener",
                    "io.idempotent.spring.messaging.kafka.KafkaListenerConfiguration"),
            new Part(
                    "org.springframework.amqp.rabbit.annotation.RabbitListener",
                    "io.idempotent.spring.messaging.amqp.RabbitListenerConfiguration"),
            new Part(
                    "org.springframework.jms.annotation.JmsListener",
                    "io.idempotent.spring.messaging.jms.JmsListenerConfiguration"),
            new Part(
                    "io.awspring.cloud.sqs.annotation.SqsListener",
                    "io.idempotent.spring.messaging.sqs.SqsListenerConfiguration"));

    @Override
    protected String[] selectImports(AdviceMode mode) {
        SupportedSpring.check(getClass().getClassLoader());
        List<String> imports = new ArrayList<>(imports(mode));
        imports.add(RECOVERY_REGISTRAR);
        PARTS.stream()
                .filter(part -> isPresent(part.present()))
                .map(Part::imported)
                .forEach(imports::add);
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

    private record Part(String present, String imported) {}
}
