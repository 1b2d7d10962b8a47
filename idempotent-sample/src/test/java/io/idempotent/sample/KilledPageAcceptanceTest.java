package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the audience sees when the application is killed in the middle of a payment. Leaves pictures in {@code target}.
 */
@OnOneJdk("a browser does not know on which JDK the server runs")
class KilledPageAcceptanceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Path PICTURES = Path.of("target");

    // To be killed first, and long enough to be seen afterwards.
    private static final Duration LEASE = Duration.ofSeconds(5);

    @TempDir
    private Path data;

    @Test
    void thePageWaitsForTheApplicationAndSeesThePaymentThrough() throws Exception {
        try (Browser browser = Browser.startInstalled()) {
            browser.size(1280, 800);
            int port = killByThePage(browser);
            browser.screenshot(PICTURES.resolve("page-killed.png"));

            try (SampleProcess sample = SampleProcess.start("h2", port, data, LEASE)) {
                await().atMost(PATIENCE).until(() -> headline(browser).equals("Reconciled: it had been charged."));
                browser.screenshot(PICTURES.resolve("page-reconciled.png"));

                assertThat(browser.text("#charges")).isEqualTo("1");
                assertThat(browser.texts("#rows .badge").get(0)).isEqualTo("reconciled");
                assertThat(browser.texts("#rows .badge"))
                        .containsOnlyOnce("reconciled")
                        .doesNotContain("executed");
                assertThat(browser.text("#crash-detail"))
                        .contains("one charge, one receipt")
                        .endsWith(receipt(browser));

                browser.click("#one");
                await().atMost(PATIENCE)
                        .until(() -> browser.text("#result strong").equals("Replayed."));
                assertThat(browser.text("#charges")).isEqualTo("1");
                assertThat(sample.client().charges(id(browser))).isEqualTo(1);
            }
            assertThat(browser.failures()).isEmpty();
        }
    }

    private int killByThePage(Browser browser) throws Exception {
        try (SampleProcess sample = SampleProcess.start("h2", 0, data, LEASE)) {
            browser.open(sample.client().page());
            await().atMost(PATIENCE)
                    .until(() -> browser.evaluate("!document.getElementById('kill-after').hidden")
                            .asBoolean());
            assertThat(browser.text("#crash-command")).isEmpty();

            browser.click("#kill-after");
            sample.awaitKilled();

            await().atMost(PATIENCE)
                    .until(() -> headline(browser).equals("The application is gone, killed after the charge."));
            assertThat(browser.text("#crash-command"))
                    .isEqualTo("mvn -pl idempotent-sample -am spring-boot:run -Dspring-boot.run.profiles=h2");
            assertThat(browser.text("#charges")).isEqualTo("?");
            return sample.port();
        }
    }

    private static String headline(Browser browser) {
        return browser.text("#crash-headline");
    }

    private static String id(Browser browser) {
        return browser.evaluate("document.getElementById('request-id').value").asString();
    }

    private static String receipt(Browser browser) {
        return browser.evaluate("document.querySelector('#rows tr td:last-child').title")
                .asString();
    }
}
