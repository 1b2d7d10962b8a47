package io.idempotent.sample;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.springframework.util.FileSystemUtils;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A headless Chromium with one page, driven by its DevTools protocol. */
final class Browser implements AutoCloseable {

    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private static final JsonMapper JSON = new JsonMapper();

    private final Path profile;
    private final Process process;
    private final HttpClient http = HttpClient.newHttpClient();
    private final AtomicInteger lastCommand = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    private final List<JsonNode> events = new CopyOnWriteArrayList<>();
    private final WebSocket socket;

    private Browser(Path executable) throws IOException, InterruptedException {
        profile = Files.createTempDirectory("idempotent-sample-browser");
        process = new ProcessBuilder(
                        executable.toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--hide-scrollbars",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile,
                        "about:blank")
                .redirectErrorStream(true)
                .redirectOutput(profile.resolve("output.txt").toFile())
                .start();
        try {
            socket = http.newWebSocketBuilder()
                    .buildAsync(pageAddress(debuggingPort()), new Reader())
                    .join();
            command("Page.enable", Map.of());
            command("Runtime.enable", Map.of());
            command("Network.enable", Map.of());
        } catch (RuntimeException | Error failure) {
            stop();
            throw failure;
        }
    }

    /** Starts the browser that is installed, or skips the test where there is none. */
    static Browser startInstalled() throws IOException, InterruptedException {
        Optional<Path> chromium = installed();
        assumeTrue(
                chromium.isPresent(),
                "No chromium, chromium-browser or google-chrome on the PATH: the page is not tested in a browser");
        return start(chromium.orElseThrow());
    }

    /** The Chromium on the PATH, if there is one. */
    private static Optional<Path> installed() {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static Browser start(Path executable) throws IOException, InterruptedException {
        return new Browser(executable);
    }

    void size(int width, int height) {
        command(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
    }

    /** What the device prefers: {@code light} or {@code dark}. */
    void colours(String scheme) {
        command(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    void open(URI address) {
        command("Page.navigate", Map.of("url", address.toString()));
        await().atMost(TIMEOUT)
                .until(() -> evaluate("document.readyState === 'complete' && location.href !== 'about:blank'")
                        .asBoolean());
    }

    /** The value of an expression, evaluated in the page. */
    JsonNode evaluate(String expression) {
        JsonNode answer = command(
                "Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (answer.has("exceptionDetails")) {
            throw new AssertionError(expression + " failed: " + answer.get("exceptionDetails"));
        }
        return answer.get("result").path("value");
    }

    /** The text of the first element that a selector finds. */
    String text(String selector) {
        return evaluate("document.querySelector('" + selector + "').textContent")
                .asString();
    }

    /** The texts of all elements that a selector finds. */
    List<String> texts(String selector) {
        JsonNode texts =
                evaluate("Array.from(document.querySelectorAll('" + selector + "'), element => element.textContent)");
        return texts.valueStream().map(JsonNode::asString).toList();
    }

    /** Clicks into the middle of an element, as a hand would: what lies above it gets the click. */
    void click(String selector) {
        JsonNode middle = evaluate("(() => { const element = document.querySelector('" + selector + "');"
                + " element.scrollIntoView({ block: 'nearest' });"
                + " const box = element.getBoundingClientRect();"
                + " return { x: box.x + box.width / 2, y: box.y + box.height / 2 }; })()");
        for (String type : List.of("mousePressed", "mouseReleased")) {
            command(
                    "Input.dispatchMouseEvent",
                    Map.of(
                            "type",
                            type,
                            "x",
                            middle.get("x").asDouble(),
                            "y",
                            middle.get("y").asDouble(),
                            "button",
                            "left",
                            "clickCount",
                            1));
        }
    }

    /** Types into an element instead of what is there. */
    void type(String selector, String text) {
        evaluate("document.querySelector('" + selector + "').select()");
        command("Input.insertText", Map.of("text", text));
    }

    /** Presses and releases a key. */
    void press(String key, int code, String text) {
        command(
                "Input.dispatchKeyEvent",
                Map.of("type", "keyDown", "key", key, "code", key, "windowsVirtualKeyCode", code, "text", text));
        command(
                "Input.dispatchKeyEvent",
                Map.of("type", "keyUp", "key", key, "code", key, "windowsVirtualKeyCode", code));
    }

    /** Writes what the page looks like. */
    void screenshot(Path file) throws IOException {
        write(command("Page.captureScreenshot", Map.of("format", "png")), file);
    }

    /** Writes what an element looks like, as if the window was as high as it is. */
    void screenshot(String selector, Path file) throws IOException {
        Map<String, ?> clip = JSON.convertValue(
                evaluate("(() => { const box = document.querySelector('" + selector + "').getBoundingClientRect();"
                        + " return { x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height,"
                        + " scale: 1 }; })()"),
                new TypeReference<>() {});
        write(
                command("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", true, "clip", clip)),
                file);
    }

    private static void write(JsonNode answer, Path file) throws IOException {
        String picture = answer.get("data").asString();
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.write(file, Base64.getDecoder().decode(picture));
    }

    /** What the page's script failed with and did not catch. */
    List<String> failures() {
        return events("Runtime.exceptionThrown").map(JsonNode::toString).toList();
    }

    /** All addresses that the page asked for. */
    List<String> requests() {
        return events("Network.requestWillBeSent")
                .map(event -> event.path("params").path("request").path("url").asString())
                .toList();
    }

    @Override
    public void close() throws IOException {
        socket.abort();
        stop();
    }

    private Stream<JsonNode> events(String method) {
        return events.stream().filter(event -> event.path("method").asString("").equals(method));
    }

    private JsonNode command(String method, Map<String, ?> parameters) {
        int number = lastCommand.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        answers.put(number, answer);
        socket.sendText(JSON.writeValueAsString(Map.of("id", number, "method", method, "params", parameters)), true)
                .join();
        JsonNode message =
                answer.orTimeout(TIMEOUT.toSeconds(), TimeUnit.SECONDS).join();
        if (message.has("error")) {
            throw new AssertionError(method + " failed: " + message.get("error"));
        }
        return message.get("result");
    }

    private int debuggingPort() {
        Path file = profile.resolve("DevToolsActivePort");
        await().atMost(TIMEOUT)
                .until(() -> Files.exists(file) && Files.readAllLines(file).size() == 2);
        try {
            return Integer.parseInt(Files.readAllLines(file).get(0));
        } catch (IOException failure) {
            throw new AssertionError("Cannot read " + file, failure);
        }
    }

    private URI pageAddress(int port) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/list"))
                .timeout(TIMEOUT)
                .build();
        return JSON.readTree(http.send(request, BodyHandlers.ofString()).body())
                .valueStream()
                .filter(target -> target.path("type").asString("").equals("page"))
                .map(target -> URI.create(target.get("webSocketDebuggerUrl").asString()))
                .findFirst()
                .orElseThrow();
    }

    private void stop() throws IOException {
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        await().atMost(TIMEOUT).until(() -> all.stream().noneMatch(ProcessHandle::isAlive));
        FileSystemUtils.deleteRecursively(profile);
    }

    /** Puts messages together from their parts, and hands them on. */
    private final class Reader implements WebSocket.Listener {

        private final StringBuilder message = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
            message.append(part);
            if (last) {
                receive(JSON.readTree(message.toString()));
                message.setLength(0);
            }
            from.request(1);
            return CompletableFuture.completedFuture(null);
        }

        private void receive(JsonNode received) {
            if (received.has("id")) {
                answers.remove(received.get("id").asInt()).complete(received);
            } else {
                events.add(received);
            }
        }
    }
}
