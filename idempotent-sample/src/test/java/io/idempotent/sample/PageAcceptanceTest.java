package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What the audience sees: the page in a browser, its buttons clicked. Leaves pictures in {@code target}. */
@OnOneJdk("a browser does not know on which JDK the server runs")
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PageAcceptanceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Path PICTURES = Path.of("target");

    private final SampleClient client;

    private Browser browser;

    PageAcceptanceTest(@LocalServerPort int port) {
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
        client.behave("{\"failNext\":0,\"latency\":\"0ms\"}");
        client.clearCalls();
        browser.size(1280, 800);
        browser.open(client.page());
        await().until(() -> browser.evaluate("document.querySelector('#latency input').checked")
                .asBoolean());
    }

    @Test
    void aPaymentIsExecutedAndItsRepetitionReplayed() {
        assertThat(browser.text("#charges")).isEqualTo("0");

        click("one", "Executed.");
        assertThat(badges()).containsExactly("executed");
        assertThat(cells(1)).contains("12.50 EUR", "executed", "1", "200");
        assertThat(browser.text("#charges")).isEqualTo("1");
        assertThat(browser.text("#verdict")).isEqualTo("One call, one charge");

        click("one", "Replayed.");
        assertThat(badges()).containsExactly("replayed", "executed");
        assertThat(browser.text("#charges")).isEqualTo("1");
        assertThat(browser.text("#verdict")).isEqualTo("Two calls, one charge");
        assertThat(receipt(1)).isEqualTo(receipt(2)).endsWith("…");

        click("fresh", "A fresh id.");
        assertThat(browser.text("#charges")).isEqualTo("0");
        assertThat(browser.texts("#others li")).singleElement().asString().contains("two calls, one charge");
    }

    @Test
    void tenAtOnceAreOneChargeAndTheFirstIsSeenRunning() throws IOException {
        browser.click("#latency label:nth-child(3) input");
        await().atMost(PATIENCE)
                .until(() -> client.calls().get("latencyMilliseconds").asInt() == 2000);

        browser.click("#ten");
        await().atMost(PATIENCE).until(() -> badges().contains("running") && badges().contains("in progress"));
        browser.screenshot(PICTURES.resolve("page-running.png"));
        await().atMost(PATIENCE).until(() -> headline().equals("Ten calls, one charge."));

        assertThat(badges()).hasSize(10).containsOnlyOnce("executed").contains("in progress");
        assertThat(browser.text("#charges")).isEqualTo("1");
        assertThat(browser.text("#verdict")).isEqualTo("Ten calls, one charge");
    }

    @Test
    void aGatewayThatFailsTwiceIsAskedThreeTimesAndChargesOnce() {
        click("fail", "Three attempts, one charge.");

        assertThat(badges()).containsExactly("executed");
        assertThat(cells(1).get(4)).isEqualTo("3");
        assertThat(browser.text("#charges")).isEqualTo("1");
    }

    @Test
    void aGatewayThatKeepsFailingIsShown() {
        client.behave("{\"failNext\":10}");
        await().atMost(PATIENCE).until(() -> browser.text("#mood").equals("Fails its next ten calls"));

        click("one", "Refused with 502.");

        assertThat(badges()).containsExactly("failed");
        assertThat(cells(1).get(4)).isEqualTo("4");
        assertThat(browser.text("#charges")).isEqualTo("0");
    }

    @Test
    void theIdOfAnotherRequestIsRefused() {
        click("reuse", "Refused with 422.");

        assertThat(badges()).containsExactly("refused", "executed");
        assertThat(cells(1)).contains("22.50 EUR", "422");
        assertThat(browser.text("#charges")).isEqualTo("1");
    }

    @Test
    void killingIsExplainedAndNotOfferedWhereItWouldLoseTheRecords() {
        assertThat(browser.text("#crash-detail")).contains("in memory");
        assertThat(browser.text("#crash-command")).endsWith("spring-boot:run -Dspring-boot.run.profiles=h2");
        assertThat(browser.texts("#crash button:not([hidden])")).isEmpty();
    }

    @Test
    void aPaymentThatGotNoAnswerIsSentAgainWhenThePageIsLoadedAgain() {
        browser.evaluate("sessionStorage.setItem('unanswered',"
                + " JSON.stringify({ id: 'pay-unanswered', amount: '7.25', halt: 'BEFORE_CHARGE' }))");

        browser.open(client.page());
        await().atMost(PATIENCE).until(() -> headline().equals("Executed."));
        browser.open(client.page());
        click("one", "Executed.");

        assertThat(cells(2)).contains("pay-unanswered", "7.25 EUR");
        assertThat(badges()).containsExactly("executed", "executed");
    }

    @Test
    void callsFromElsewhereAppearAndTheirTextIsTextOnly() {
        String id = "<img src=x onerror=window.planted=true>";
        client.pay(id, "12.50");

        await().atMost(PATIENCE)
                .until(() -> browser.texts("#rows td:nth-child(2)").contains(id));
        assertThat(browser.texts("#others .mono")).contains(id);
        assertThat(browser.evaluate("document.querySelectorAll('main img').length + (window.planted ? 1 : 0)")
                        .asInt())
                .isZero();
    }

    @Test
    void theKeyboardIsEnough() {
        for (int steps = 0; steps < 12 && !focused().equals("ten"); steps++) {
            browser.press("Tab", 9, "");
        }
        assertThat(focused()).isEqualTo("ten");

        browser.press("Enter", 13, "\r");

        await().atMost(PATIENCE).until(() -> headline().equals("Ten calls, one charge."));
    }

    @Test
    void theTableCanBeCleared() {
        click("one", "Executed.");
        click("clear", "Cleared, and a fresh id.");

        assertThat(badges()).isEmpty();
        assertThat(browser.evaluate("document.getElementById('empty').hidden").asBoolean())
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 800, 1024, 1280, 1920})
    void nothingIsCutOffOnTheRight(int width) {
        browser.size(width, 800);

        assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                .isLessThanOrEqualTo(width);
    }

    @Test
    void theWholeStoryIsOnePicture() throws IOException {
        browser.screenshot(PICTURES.resolve("page-empty.png"));
        click("one", "Executed.");
        click("one", "Replayed.");
        click("reuse", "Refused with 422.");
        click("fail", "Three attempts, one charge.");
        click("fresh", "A fresh id.");
        browser.click("#latency label:nth-child(2) input");
        await().atMost(PATIENCE)
                .until(() -> client.calls().get("latencyMilliseconds").asInt() == 500);
        click("ten", "Ten calls, one charge.");
        click("one", "Replayed.");
        browser.screenshot(PICTURES.resolve("page.png"));

        assertThat(Collections.frequency(badges(), "executed")).isEqualTo(3);
        assertThat(browser.failures()).isEmpty();
        assertThat(browser.requests())
                .allMatch(address -> address.startsWith(client.page().toString()) || address.startsWith("data:"));
    }

    private void click(String button, String expectedHeadline) {
        browser.click("#" + button);
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(headline()).isEqualTo(expectedHeadline));
    }

    private String headline() {
        return browser.text("#result strong");
    }

    private List<String> badges() {
        return browser.texts("#rows .badge");
    }

    private List<String> cells(int row) {
        return browser.texts("#rows tr:nth-child(" + row + ") td");
    }

    private String receipt(int row) {
        return cells(row).get(7);
    }

    private String focused() {
        return browser.evaluate("document.activeElement.id").asString();
    }
}
