package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** The page's part for alerts. Leaves pictures in {@code target}. */
@OnOneJdk("a browser does not know on which JDK the server runs")
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AlertPageAcceptanceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Path PICTURES = Path.of("target");

    private final SampleClient client;

    private Browser browser;

    AlertPageAcceptanceTest(@LocalServerPort int port) {
        client = new SampleClient(port);
    }

    @BeforeAll
    void start() throws IOException, InterruptedException {
        browser = Browser.startInstalled();
    }

    @AfterAll
    void stop() throws IOException {
        if (browser != null) {
            browser.close();
        }
    }

    @BeforeEach
    void open() {
        browser.size(1280, 800);
        browser.open(client.page());
        await().until(() -> browser.text("#paged-rule").equals("disk-full"));
        browser.evaluate("document.getElementById('alerts').scrollIntoView()");
    }

    @Test
    void threeDeliveriesAreOneAlertAndSoAreThreeMore() throws IOException {
        click("deliver", "Three deliveries, one alert.");
        assertThat(browser.text("#pages")).isEqualTo("1");
        List<String> row = browser.texts("#alert-rows tr:first-child td");
        assertThat(row).hasSize(4).startsWith("disk-full").endsWith("3", "1");

        click("deliver-again", "Six deliveries, one alert.");
        assertThat(browser.text("#pages")).isEqualTo("1");
        assertThat(browser.texts("#alert-rows tr:first-child td")).containsExactly("disk-full", row.get(1), "6", "1");

        int rows = browser.texts("#alert-rows tr").size();
        click("deliver", "Three deliveries, one alert.");
        assertThat(browser.texts("#alert-rows tr")).hasSize(rows + 1);
        pictures();

        assertThat(browser.failures()).isEmpty();
        assertThat(browser.requests())
                .allMatch(address -> address.startsWith(client.page().toString()) || address.startsWith("data:"));
    }

    @Test
    void whatIsTypedIsTextOnly() {
        String rule = "<img src=x onerror=window.planted=true> 'it'";
        type("rule", rule);

        click("deliver", "Three deliveries, one alert.");

        assertThat(browser.text("#alert-rows td")).isEqualTo(rule);
        assertThat(browser.text("#paged-rule")).isEqualTo(rule);
        assertThat(browser.text("#alert-curl")).contains("> '\\''it'\\''\",\"evaluatedAt\":");
        assertThat(browser.evaluate("document.querySelectorAll('#alerts img').length + (window.planted ? 1 : 0)")
                        .asInt())
                .isZero();
    }

    @Test
    void aRuleWithoutAnIdIsRefused() {
        type("rule", "");

        click("deliver", "Refused with 400.");

        assertThat(browser.text("#alert-result span")).contains("ruleId");
        assertThat(browser.text("#pages")).isEqualTo("0");
    }

    private void click(String button, String expectedHeadline) {
        // An earlier headline may be the same.
        browser.evaluate("tellAlert('', '')");
        browser.click("#" + button);
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(browser.text("#alert-result strong")).isEqualTo(expectedHeadline));
    }

    private void type(String id, String text) {
        browser.evaluate("document.getElementById('" + id + "').value = '" + text.replace("'", "\\'") + "'");
        browser.evaluate("document.getElementById('" + id + "').dispatchEvent(new Event('input'))");
    }

    /** Looks at it in both colours and on a phone. */
    private void pictures() throws IOException {
        for (String colours : List.of("light", "dark")) {
            browser.colours(colours);
            browser.screenshot("#alerts", PICTURES.resolve("page-alerts-" + colours + ".png"));
        }
        browser.colours("light");
        browser.size(390, 844);
        assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                .isLessThanOrEqualTo(390);
        browser.screenshot("#alerts", PICTURES.resolve("page-alerts-phone.png"));
    }
}
