package io.idempotent.spring.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.IdempotencyInProgressException;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.settings.IdempotencySettings;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.web.context.support.StandardServletEnvironment;

class WaiterBoundsTest {

    private static WaiterBounds bounds(ConfigurableEnvironment environment, String... properties) {
        Map<String, Object> values = Arrays.stream(properties)
                .map(property -> property.split("=", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
        environment.getPropertySources().addFirst(new MapPropertySource("test", values));
        return WaiterBounds.of(environment, null, null);
    }

    @ParameterizedTest
    @CsvSource({
        "server.port=1, 100, 25",
        "server.tomcat.threads.max=50, 25, 7",
        "server.jetty.threads.max=400, 200, 50",
        "server.tomcat.threads.max=3, 1, 1",
        "server.tomcat.threads.max=1, 0, 0",
    })
    void inAContainerHalfOfItsThreadsMayWaitAndAQuarterOfThoseForOneKey(String property, int all, int perKey) {
        assertThat(bounds(new StandardServletEnvironment(), property)).isEqualTo(new WaiterBounds(all, perKey));
    }

    @Test
    void theSmallerOfTwoContainersIsTakenToBeTheOne() {
        assertThat(bounds(
                        new StandardServletEnvironment(),
                        "server.tomcat.threads.max=40",
                        "server.jetty.threads.max=20"))
                .isEqualTo(new WaiterBounds(10, 3));
    }

    @Test
    void elsewhereAThousandMayWaitForOneKeyToo() {
        assertThat(bounds(new StandardEnvironment(), "server.tomcat.threads.max=50"))
                .isEqualTo(new WaiterBounds(1_000, 1_000));
    }

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21)
    void virtualThreadsDoNotRunOutAndOneKeyStillDoesNotTakeAll() {
        assertThat(bounds(new StandardServletEnvironment(), "spring.threads.virtual.enabled=true"))
                .isEqualTo(new WaiterBounds(1_000, 250));
    }

    @Test
    @EnabledForJreRange(max = JRE.JAVA_20)
    void virtualThreadsThatThereAreNotDoNotCount() {
        assertThat(bounds(new StandardServletEnvironment(), "spring.threads.virtual.enabled=true"))
                .isEqualTo(new WaiterBounds(100, 25));
    }

    @Test
    void whatIsSetBeatsWhatIsKnown() {
        assertThat(WaiterBounds.of(new StandardServletEnvironment(), 40, null)).isEqualTo(new WaiterBounds(40, 10));
        assertThat(WaiterBounds.of(new StandardServletEnvironment(), 40, 30)).isEqualTo(new WaiterBounds(40, 30));
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency(proxyTargetClass = true)
    static class Application {

        @Bean
        static IdempotencySettings settings() {
            return IdempotencySettings.of(Map.of("wait-at-most", "1h"));
        }
    }

    static class Payments {

        @Idempotent(key = "#id", fingerprint = Idempotent.NONE)
        public String pay(String id, Callable<String> body) throws Exception {
            return body.call();
        }
    }

    @Test
    void settingsThatTheApplicationDeclaresLeaveTheBoundsToTheEnvironment() throws Exception {
        ConfigurableEnvironment environment = new StandardServletEnvironment();
        bounds(environment, "server.tomcat.threads.max=1");
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.setEnvironment(environment);
            context.register(Application.class, Payments.class);
            context.refresh();
            Payments payments = context.getBean(Payments.class);
            FutureTask<String> duplicate = new FutureTask<>(() -> payments.pay("a", () -> "twice"));
            payments.pay("a", () -> {
                new Thread(duplicate).start();
                assertThatThrownBy(() -> duplicate.get(10, TimeUnit.SECONDS))
                        .hasCauseInstanceOf(IdempotencyInProgressException.class)
                        .hasMessageContaining("as many callers as max-waiters");
                return "once";
            });
        }
    }
}
