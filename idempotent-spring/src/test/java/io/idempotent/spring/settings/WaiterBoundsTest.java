package io.idempotent.spring.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
}
