package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** The page's part for orders, and the headers that it shows. Leaves pictures in {@code target}. */
@OnOneJdk("a browser does not know on which JDK the server runs")
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OrderPageAcceptanceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Path PICTURES = Path.of("target");

    private final SampleClient client;

    private Browser browser;

    OrderPageAcceptanceTest(@LocalServerPort int port) {
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
        browser.size(1280, 800);
        browser.open(client.page());
        await().until(() -> browser.text("#customer").equals("alice"));
        browser.evaluate("document.getElementById('orders').scrollIntoView()");
    }

    @Test
    void theWholeStoryOfAnOrderIsOnePicture() throws IOException {
        int ordersOfAlice = client.orders("alice:alice");
        int ordersOfBob = client.orders("bob:bob");
        assertThat(value("key")).isEqualTo("8e03978e-40d5-43e8-bc93-6894a57f9324");
        click("fresh-key", "A new key.");

        click("order", "Placed.");
        assertThat(badge()).isEqualTo("201 Created");
        assertThat(sent())
                .startsWith("POST /orders\n")
                .contains("\nAuthorization: Basic YWxpY2U6YWxpY2U=\n", "\nContent-Type: application/json\n")
                .endsWith("\nIdempotency-Key: \"" + value("key") + "\"{\"item\":\"book\",\"quantity\":2}");
        String response = received();
        assertThat(response)
                .startsWith("201 Created\n")
                .contains("\nLocation: /orders/", "\nContent-Type: application/json")
                .doesNotContain("Replayed");
        awaitOrders(ordersOfAlice + 1);

        click("order-again", "Replayed.");
        assertThat(badge()).isEqualTo("201 Created, replayed");
        assertThat(received()).contains("\nIdempotency-Replayed: true\n");
        assertThat(received().replace("\nIdempotency-Replayed: true", "")).isEqualTo(response);
        awaitOrders(ordersOfAlice + 1);

        click("order-changed", "Refused with 422.");
        assertThat(badge()).isEqualTo("422 Unprocessable Content");
        assertThat(sent()).endsWith("\"quantity\":3}");
        assertThat(received()).contains("key-reused>; rel=\"describedby\"", "\nContent-Type: application/problem+json");
        awaitOrders(ordersOfAlice + 1);
        picture("page-orders.png");

        choose("caller", 2);
        awaitOrders(ordersOfBob);
        click("order", "Placed.");
        assertThat(sent()).contains("\nAuthorization: Basic Ym9iOmJvYg==\n");
        awaitOrders(ordersOfBob + 1);

        choose("quoted", 2);
        click("order", "Replayed.");
        assertThat(sent()).contains("\nIdempotency-Key: " + value("key") + "{");
        awaitOrders(ordersOfBob + 1);

        choose("caller", 3);
        click("order", "Refused with 401.");
        assertThat(sent()).doesNotContain("Authorization");
        await().atMost(PATIENCE).until(() -> browser.text("#order-count").equals("?"));

        choose("caller", 1);
        type("key", "");
        click("order", "Refused with 400.");
        assertThat(sent()).doesNotContain("Idempotency-Key");
        assertThat(received()).contains("key-missing>; rel=\"describedby\"");
        awaitOrders(ordersOfAlice + 1);
        picture("page-orders-refused.png");

        assertThat(browser.failures()).isEmpty();
        assertThat(browser.requests())
                .allMatch(address -> address.startsWith(client.page().toString()) || address.startsWith("data:"));
    }

    @Test
    void twoAtOnceAreOneOrderAndTheOtherIsToldWhenToRetry() throws IOException {
        int orders = client.orders("alice:alice");
        client.behave("{\"latency\":\"2s\"}");

        click("order-twice", "Two requests, one order.");

        assertThat(browser.text("#order-result span")).isEqualTo("One refused with 409.");
        assertThat(browser.texts("#exchanges .badge")).containsExactly("201 Created", "409 Conflict");
        assertThat(browser.texts("#exchanges .sides > div:last-child").get(1)).containsPattern("\nRetry-After: \\d+");
        awaitOrders(orders + 1);
        picture("page-orders-twice.png");
    }

    @Test
    void aPaymentShowsItsHeadersToo() {
        browser.click("#one");
        await().atMost(PATIENCE).until(() -> browser.texts("#exchanges .badge").size() == 1);

        assertThat(sent()).startsWith("POST /payments\n").contains("\nContent-Type: application/json{\"id\":\"pay-");
        assertThat(received())
                .startsWith("200 OK\nContent-Type: application/json")
                .contains("\"receiptId\"");
    }

    @Test
    void whatIsTypedIsTextOnly() {
        String item = "<img src=x onerror=window.planted=true> 'it'";
        click("fresh-key", "A new key.");
        type("item", item);

        click("order", "Placed.");

        await().atMost(PATIENCE).until(() -> browser.texts("#order-list .count").contains("2 × " + item));
        assertThat(browser.text("#order-curl")).endsWith("> '\\''it'\\''\",\"quantity\":2}'");
        assertThat(browser.evaluate("document.querySelectorAll('#orders img').length + (window.planted ? 1 : 0)")
                        .asInt())
                .isZero();
    }

    private void click(String button, String expectedHeadline) {
        // An earlier headline may be the same.
        browser.evaluate("tellOrder('', '')");
        browser.click("#" + button);
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(browser.text("#order-result strong")).isEqualTo(expectedHeadline));
    }

    private void choose(String name, int number) {
        browser.click("#" + name + " label:nth-child(" + number + ") input");
    }

    private void type(String id, String text) {
        browser.evaluate("document.getElementById('" + id + "').value = '" + text.replace("'", "\\'") + "'");
        browser.evaluate("document.getElementById('" + id + "').dispatchEvent(new Event('input'))");
    }

    private void awaitOrders(int count) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(browser.text("#order-count")).isEqualTo(String.valueOf(count)));
    }

    private String value(String id) {
        return browser.evaluate("document.getElementById('" + id + "').value").asString();
    }

    /** The status of the newest exchange. */
    private String badge() {
        return browser.text("#exchanges .badge");
    }

    private String sent() {
        return browser.text("#exchanges .sides > div:first-child");
    }

    /** Without the headers that are folded. */
    private String received() {
        return String.join("\n", browser.texts("#exchanges .exchange:first-child .sides > div:last-child > pre"));
    }

    private void picture(String name) throws IOException {
        browser.evaluate("document.getElementById('orders').scrollIntoView()");
        browser.screenshot(PICTURES.resolve(name));
    }
}
