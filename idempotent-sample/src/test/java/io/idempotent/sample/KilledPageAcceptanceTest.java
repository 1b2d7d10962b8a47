package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.receiptId;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the page shows when the application is killed in the middle of a payment: the audience sees it through, or does
 * nothing and the recoverer finishes it, or an operator finds and settles it. Its client is answered. Leaves pictures
 * in {@code target}.
 */
@OnOneJdk("a browser does not know on which JDK the server runs")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KilledPageAcceptanceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    // To be killed first, and long enough to be seen afterwards.
    private static final Duration LEASE = Duration.ofSeconds(3);

    private static final String RECEIPT =
            "{\"requestId\":\"%s\",\"receiptId\":\"%s\",\"amount\":\"12.50\",\"currency\":\"EUR\",\"attempts\":0}";

    private static final Path PICTURES = Path.of("target");

    // The contrast of all visible texts with what is behind them, by WCAG 2.2; those below 4.5, or 3 if they are large.
    private static final String FAINT_TEXTS = """
            (() => {
              const parts = colour => (colour.match(/[\\d.]+/g) ?? []).map(Number);
              const luminance = colour => parts(colour).slice(0, 3).map(part => part / 255)
                .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
                .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
              const opaque = element => {
                const colour = getComputedStyle(element).backgroundColor;
                return (parts(colour)[3] ?? 1) === 1 || !element.parentElement ? colour : opaque(element.parentElement);
              };
              const faint = [];
              for (const element of document.querySelectorAll("body *")) {
                const text = Array.from(element.childNodes).filter(node => node.nodeType === Node.TEXT_NODE)
                  .map(node => node.data.trim()).join("") || element.value;
                if (text && element.checkVisibility() && !element.matches("[type=radio], :disabled, :has(:disabled)")) {
                  const style = getComputedStyle(element);
                  const [light, dark] = [luminance(style.color), luminance(opaque(element))].sort((a, b) => b - a);
                  const contrast = (light + 0.05) / (dark + 0.05);
                  if (contrast < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) {
                    faint.push(element.tagName + " " + element.className + " '" + text + "': " + contrast.toFixed(2));
                  }
                }
              }
              return faint.join(", ");
            })()""";

    private Path data;

    private Browser browser;

    private SampleProcess sample;

    @BeforeAll
    void start(@TempDir Path directory) throws IOException, InterruptedException {
        data = directory;
        browser = Browser.startInstalled();
        sample = startSample(0);
    }

    @AfterAll
    void stop() throws IOException {
        if (sample != null) {
            sample.close();
        }
        if (browser != null) {
            browser.close();
        }
    }

    @Test
    void thePageWaitsForTheApplicationAndSeesThePaymentThrough() throws Exception {
        openThePage();
        awaitShown("kill-after");
        assertThat(browser.text("#crash-command")).isEmpty();
        killByThePage("kill-after");
        await().atMost(PATIENCE)
                .until(() -> crashHeadline().equals("The application is gone, killed after the charge."));
        assertThat(browser.text("#crash-command"))
                .isEqualTo("mvn -pl idempotent-sample -am spring-boot:run -Dspring-boot.run.profiles=h2");
        assertThat(browser.text("#charges")).isEqualTo("?");
        browser.screenshot(PICTURES.resolve("page-killed.png"));
        startAgain(SampleProcess.WITHOUT_RECOVERY);

        await().atMost(PATIENCE).until(() -> crashHeadline().equals("Reconciled: it had been charged."));
        browser.screenshot(PICTURES.resolve("page-reconciled.png"));
        assertThat(browser.text("#charges")).isEqualTo("1");
        assertThat(browser.texts("#rows .badge").get(0)).isEqualTo("reconciled");
        assertThat(browser.texts("#rows .badge")).containsOnlyOnce("reconciled").doesNotContain("executed");
        assertThat(browser.text("#crash-detail"))
                .contains("one charge, one receipt")
                .endsWith(receipt());

        browser.click("#one");
        await().atMost(PATIENCE).until(() -> browser.text("#result strong").equals("Replayed."));
        assertThat(browser.text("#charges")).isEqualTo("1");
        assertThat(sample.client().charges(id())).isEqualTo(1);
        assertThat(browser.failures()).isEmpty();
    }

    @Test
    void theAudienceDoesNothingAndSeesWhatTheRecovererFinished() throws Exception {
        openThePage();
        killByThePage("kill-before");
        awaitShown("nothing");
        browser.click("#nothing");
        assertThat(crashHeadline()).isEqualTo("Nobody sends it again: the recoverer finishes it.");
        assertThat(browser.text("#crash-command"))
                .isEqualTo("mvn -pl idempotent-sample -am spring-boot:run -Dspring-boot.run.profiles=h2");
        assertThat(browser.text("#charges")).isEqualTo("?");
        browser.screenshot(PICTURES.resolve("page-nothing.png"));
        startAgain(SampleProcess.recoveredSoon());

        await().atMost(PATIENCE).until(() -> crashHeadline().equals("Recovered: it had not been charged, and now is."));
        assertThat(browser.text("#charges")).isEqualTo("1");
        assertThat(browser.text("#verdict")).isEqualTo("No call, one charge");
        assertThat(browser.texts("#rows .badge")).containsExactly("recovered");
        assertThat(browser.texts("#rows tr:first-child td")).contains(id(), "12.50 EUR", "1", "–");
        assertThat(browser.text("#crash-detail"))
                .startsWith("Nobody asked for it again: one charge")
                .endsWith(receipt());
        assertThat(browser.evaluate(FAINT_TEXTS).asString()).isEmpty();
        browser.screenshot(PICTURES.resolve("page-recovered.png"));

        String receipt = receipt();
        browser.click("#one");
        await().atMost(PATIENCE).until(() -> browser.text("#result strong").equals("Replayed."));
        assertThat(receipt()).isEqualTo(receipt);
        assertThat(sample.client().charges(id())).isEqualTo(1);
        assertThat(browser.failures()).isEmpty();
    }

    @Test
    void aKilledPaymentIsFoundShownAndSettledAndItsClientAnswered() throws Exception {
        killByThePageAndLeaveIt("kill-after");
        startAgain(SampleProcess.WITHOUT_RECOVERY);

        String id = browser.text("#charged-id");
        signIn("ada", "bob", "Nobody with this name and password.");
        signIn("alice", "alice", "This user may not see or settle keys.");
        signIn("ada", "ada", "One record without an outcome.");
        await().atMost(PATIENCE).until(() -> browser.text("#records .badge").equals("abandoned"));
        assertThat(cells()).startsWith(id, "payment-service-pay", "abandoned");
        assertThat(browser.texts("#declared li"))
                .hasSize(3)
                .anySatisfy(item -> assertThat(item)
                        .startsWith("payment-service-pay abandoned: the next call or the recoverer asks"))
                .anySatisfy(item -> assertThat(item).startsWith("alert-service-raise abandoned: the next call runs"))
                .anySatisfy(
                        item -> assertThat(item).startsWith("order-controller-place abandoned: the next call runs"));

        click("#records button", "Seen as it is.");
        assertThat(focused()).isEqualTo("shown-title");
        assertThat(browser.text("#shown-title")).isEqualTo(id + " abandoned");
        assertThat(fact("Take-overs")).isEqualTo("0");
        assertThat(fact("Steps")).isEqualTo("none");
        assertThat(fact("At the gateway")).isEqualTo("one charge");
        assertThat(chosenAction()).isEqualTo("complete");
        pictures("found");

        browser.type("#value", "{}");
        click("#settle .main", "That cannot be done.");
        assertThat(browser.text("#operator-result span")).startsWith("The value is no io.idempotent.sample.Receipt");

        String receipt = "00000000-0000-4000-8000-000000000009";
        browser.type("#value", RECEIPT.formatted(id, receipt));
        browser.type("#why", "seen at the gateway");
        click("#settle .main", "Completed by ada: seen at the gateway.");
        assertThat(browser.text("#shown-title")).isEqualTo(id + " completed");
        assertThat(fact("Outcome")).startsWith("value").contains(receipt);
        assertThat(browser.texts("#action input:not(:disabled)")).hasSize(1);
        assertThat(browser.texts("#records tr")).isEmpty();

        click("#again", "Replayed.");
        assertThat(browser.text("#operator-result span")).endsWith("one charge, one receipt, " + receipt);
        assertThat(crashHeadline()).isEqualTo("Replayed: the operator had settled it.");
        assertThat(sample.client().charges(id)).isEqualTo(1);
        pictures("settled");
        assertThat(browser.failures()).isEmpty();
    }

    @Test
    void ofTwoOperatorsTheFirstDecidesAndTheOtherIsToldToLookAgain() throws Exception {
        killByThePageAndLeaveIt("kill-before");
        signIn("ada", "ada", "The application does not answer.");
        startAgain(SampleProcess.WITHOUT_RECOVERY);

        String id = browser.text("#charged-id");
        signIn("ada", "ada", "One record without an outcome.");
        click("#records button", "Seen as it is.");
        if (!browser.text("#shown-title").endsWith("abandoned")) {
            click("#settle .main", "Not settled: look at it again.");
            assertThat(browser.text("#operator-result span")).startsWith("Somebody holds '");
        }
        await().atMost(PATIENCE).until(() -> browser.text("#shown-title").equals(id + " abandoned"));
        assertThat(fact("At the gateway")).isEqualTo("not charged");
        assertThat(chosenAction()).isEqualTo("release");

        String receipt = "00000000-0000-4000-8000-000000000010";
        Map<String, ?> first = Map.of(
                "key",
                id,
                "fencingToken",
                fact("Fencing token"),
                "action",
                "complete",
                "value",
                RECEIPT.formatted(id, receipt),
                "why",
                "paid in cash");
        assertThat(sample.client().settle("ada:ada", first).statusCode()).isEqualTo(200);
        click("#settle .main", "Not settled: look at it again.");
        signIn("ada", "ada", "Nothing without an outcome.");

        assertThat(receiptId(sample.client().pay(id, "12.50"))).isEqualTo(receipt);
        assertThat(sample.client().charges(id)).isZero();
        assertThat(browser.failures()).isEmpty();
    }

    private SampleProcess startSample(int port, String... arguments) throws IOException {
        return SampleProcess.start("h2", port, data, LEASE, arguments);
    }

    private void startAgain(String... arguments) throws IOException {
        sample = startSample(sample.port(), arguments);
    }

    private void openThePage() {
        browser.size(1280, 800);
        browser.open(sample.client().page());
        browser.evaluate("sessionStorage.clear()");
        browser.open(sample.client().page());
    }

    private void killByThePage(String button) throws InterruptedException {
        awaitShown(button);
        browser.click("#" + button);
        sample.awaitKilled();
    }

    private void killByThePageAndLeaveIt(String button) throws InterruptedException {
        openThePage();
        killByThePage(button);
        awaitShown("leave");
        browser.click("#leave");
        assertThat(crashHeadline()).startsWith("Left to the operator");
        assertThat(browser.text("#crash-command")).endsWith(SampleProcess.WITHOUT_RECOVERY);
        assertThat(focused()).isEqualTo("operator-name");
    }

    private void awaitShown(String button) {
        await().atMost(PATIENCE)
                .until(() -> browser.evaluate("!document.getElementById('" + button + "').hidden")
                        .asBoolean());
    }

    private String crashHeadline() {
        return browser.text("#crash-headline");
    }

    private void signIn(String name, String password, String expected) {
        browser.type("#operator-name", name);
        browser.type("#operator-password", password);
        browser.evaluate("tellOperator('', '')");
        browser.press("Enter", 13, "\r");
        awaitHeadline(expected);
    }

    private void click(String selector, String expectedHeadline) {
        browser.evaluate("tellOperator('', '')");
        browser.click(selector);
        awaitHeadline(expectedHeadline);
    }

    private void awaitHeadline(String expectedHeadline) {
        await().atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(browser.text("#operator-result strong")).isEqualTo(expectedHeadline));
    }

    /** Looks at the page in both colours and on a phone. */
    private void pictures(String what) throws IOException {
        for (String colours : List.of("light", "dark")) {
            browser.colours(colours);
            assertThat(browser.evaluate(FAINT_TEXTS).asString()).as(colours).isEmpty();
            browser.screenshot("#operator", PICTURES.resolve("page-operator-" + what + "-" + colours + ".png"));
        }
        browser.screenshot("body", PICTURES.resolve("page-" + what + "-dark.png"));
        browser.colours("light");
        browser.size(390, 844);
        assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                .isLessThanOrEqualTo(390);
        browser.screenshot("#operator", PICTURES.resolve("page-operator-" + what + "-phone.png"));
        browser.screenshot("body", PICTURES.resolve("page-" + what + "-phone.png"));
        browser.size(1280, 800);
    }

    private String id() {
        return browser.evaluate("document.getElementById('request-id').value").asString();
    }

    private String receipt() {
        return browser.evaluate("document.querySelector('#rows tr td:last-child').title")
                .asString();
    }

    private List<String> cells() {
        return browser.texts("#records tr:first-child td");
    }

    private String fact(String name) {
        return browser.evaluate("Array.from(document.querySelectorAll('#facts div'))"
                        + ".find(fact => fact.firstChild.textContent === '" + name + "').lastChild.textContent")
                .asString();
    }

    private String chosenAction() {
        return browser.evaluate("chosen('action')").asString();
    }

    private String focused() {
        return browser.evaluate("document.activeElement.id").asString();
    }
}
