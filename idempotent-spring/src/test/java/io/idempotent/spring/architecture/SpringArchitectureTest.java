package io.idempotent.spring.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import io.idempotent.OnOneJdk;
import io.idempotent.architecture.Architecture;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules of this module, on its own classes and on classes that break each of them. */
@OnOneJdk("the classes are those of the one compiler")
class SpringArchitectureTest {

    private static final String[] CORE = {
        "io.idempotent",
        "io.idempotent.store",
        "io.idempotent.store.caffeine",
        "io.idempotent.codec",
        "io.idempotent.engine",
        "com.github.benmanes.caffeine.."
    };

    private static final String[] SPRING = {
        "org.springframework.aop..",
        "org.springframework.aot..",
        "org.springframework.beans..",
        "org.springframework.context..",
        "org.springframework.core..",
        "org.springframework.expression..",
        "org.springframework.format..",
        "org.springframework.util..",
        "org.springframework.objenesis..",
        "org.aopalliance..",
        "org.apache.commons.logging.."
    };

    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.idempotent.spring");

    private static final JavaClasses PLANTED =
            new ClassFileImporter().importPackages("io.idempotent.spring.architecture.planted");

    static Stream<ArchRule> ours() {
        return rules("io.idempotent.spring");
    }

    static Stream<ArchRule> planted() {
        return rules("io.idempotent.spring.architecture.planted");
    }

    @ParameterizedTest
    @MethodSource("ours")
    void thisModuleKeepsTheRule(ArchRule rule) {
        rule.check(OURS);
    }

    @ParameterizedTest
    @MethodSource("planted")
    void aPlantedViolationBreaksTheRule(ArchRule rule) {
        assertThat(Architecture.violations(rule, PLANTED)).isPositive();
    }

    private static Stream<ArchRule> rules(String base) {
        String settings = base + ".settings";
        String operation = base + ".operation";
        String interceptor = base + ".interceptor";
        String startup = base + ".startup";
        String expression = base + ".expression";
        String annotation = base + ".annotation";
        String aspect = base + ".aspect";
        String transaction = base + ".transaction";
        String messaging = base + ".messaging";
        String web = base + ".web";
        String actuate = base + ".actuate";
        String autoconfigure = base + ".autoconfigure";
        return Stream.of(
                // Of Spring Boot only the annotations by which it documents properties.
                mayDependOnly(settings, "io.idempotent.store.jdbc", "org.springframework.boot.context.properties"),
                mayDependOnly(operation, settings, "org.slf4j.."),
                mayDependOnly(interceptor, operation, settings),
                mayDependOnly(startup, interceptor, operation, settings),
                mayDependOnly(expression, interceptor),
                mayDependOnly(annotation, startup, interceptor, operation, settings, expression),
                mayDependOnly(aspect, startup, interceptor, operation, "org.aspectj.lang.."),
                mayDependOnly(
                        transaction,
                        startup,
                        interceptor,
                        operation,
                        "org.springframework.transaction..",
                        "org.springframework.jdbc.datasource.."),
                Architecture.nobodyMayDependOn(transaction),
                mayDependOnly(
                        base + ".reactive",
                        startup,
                        interceptor,
                        operation,
                        "reactor..",
                        "io.micrometer.context",
                        "org.springframework.transaction..",
                        "org.reactivestreams"),
                Architecture.nobodyMayDependOn(base + ".reactive", autoconfigure),
                mayDependOnly(base + ".recovery", startup, operation, settings),
                Architecture.nobodyMayDependOn(base + ".recovery", actuate, autoconfigure),
                mayDependOnly(
                        web,
                        operation,
                        settings,
                        "org.springframework.http..",
                        "org.springframework.web",
                        "org.springframework.web.bind.annotation",
                        "org.springframework.web.context.request.async",
                        "org.springframework.web.method",
                        "jakarta.servlet.http"),
                ArchRuleDefinition.noClasses()
                        .that()
                        .resideInAPackage(web)
                        .and()
                        .haveSimpleNameNotEndingWith("IdempotencyScopeResolver")
                        .and()
                        .haveSimpleNameNotEndingWith("RecordedResponseCustomizer")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("jakarta.servlet..")
                        .as(web + " names the servlet API only where servlet applications implement it"),
                mayDependOnly(
                        web + ".servlet",
                        web,
                        operation,
                        settings,
                        "org.springframework.http..",
                        "org.springframework.web",
                        "org.springframework.web.bind.support",
                        "org.springframework.web.context.request..",
                        "org.springframework.web.method..",
                        "org.springframework.web.servlet..",
                        "org.springframework.web.util..",
                        "jakarta.servlet.."),
                mayDependOnly(
                        web + ".reactive",
                        web,
                        base + ".reactive",
                        operation,
                        settings,
                        "org.springframework.http..",
                        "org.springframework.web.method..",
                        "org.springframework.web.reactive..",
                        "org.springframework.web.server..",
                        "org.reactivestreams",
                        "reactor.."),
                mayDependOnly(
                        actuate,
                        base + ".recovery",
                        operation,
                        settings,
                        "org.springframework.boot.actuate..",
                        "org.springframework.boot.health..",
                        "tools.jackson.."),
                Architecture.mayDependOnly(
                        web + ".client",
                        operation,
                        "io.idempotent",
                        operation,
                        "org.springframework.core.retry",
                        "org.springframework.util.backoff",
                        "org.springframework.http..",
                        "org.springframework.web.client",
                        "org.springframework.web.reactive.function.client",
                        "reactor.."),
                Architecture.mayDependOnly(
                        base + ".store.redis",
                        "io.idempotent",
                        "io.idempotent.store",
                        "org.springframework.data.redis..",
                        "org.springframework.data.domain",
                        "org.springframework.beans..",
                        "org.apache.commons.logging.."),
                mayDependOnly(
                        messaging,
                        operation,
                        settings,
                        "org.springframework.messaging..",
                        "org.springframework.transaction.support"),
                mayDependOnly(
                        messaging + ".kafka",
                        messaging,
                        operation,
                        settings,
                        "org.springframework.kafka..",
                        "org.springframework.messaging..",
                        "org.apache.kafka.."),
                mayDependOnly(
                        messaging + ".amqp",
                        messaging,
                        operation,
                        settings,
                        "org.springframework.amqp..",
                        "org.springframework.transaction.support",
                        "com.rabbitmq.client"),
                mayDependOnly(
                        messaging + ".jms",
                        messaging,
                        operation,
                        settings,
                        "org.springframework.jms..",
                        "org.springframework.messaging..",
                        "jakarta.jms"),
                mayDependOnly(
                        messaging + ".sqs",
                        messaging,
                        operation,
                        settings,
                        "io.awspring.cloud.sqs..",
                        "org.springframework.messaging..",
                        "software.amazon.awssdk.core",
                        "software.amazon.awssdk.services.sqs.."),
                mayDependOnly(base + ".observation", operation, settings, "io.micrometer.."),
                mayDependOnly(base + ".test"),
                Architecture.nobodyMayDependOn(autoconfigure),
                Architecture.nobodyMayDependOn(base + ".test"),
                Architecture.noCycles(base),
                Architecture.noKnots(base),
                ArchRuleDefinition.noClasses()
                        .that()
                        .resideOutsideOfPackages(autoconfigure, settings, actuate)
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("org.springframework.boot..")
                        .as("only " + autoconfigure + " may depend on Spring Boot"),
                Architecture.noEmptyNames(),
                Architecture.noSynchronizedMethods(),
                Architecture.everyPackageIsNullMarked());
    }

    private static ArchRule mayDependOnly(String from, String... on) {
        return Architecture.mayDependOnly(
                from, Stream.of(on, CORE, SPRING).flatMap(Stream::of).toArray(String[]::new));
    }
}
