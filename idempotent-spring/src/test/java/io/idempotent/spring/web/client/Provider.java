package io.idempotent.spring.web.client;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** An HTTP server on this machine that notes what it gets, and answers by the script, or else with 200. */
final class Provider implements AutoCloseable {

    /** A request as it came; the key as it stood in {@code Idempotency-Key}. */
    record Received(String method, String path, @Nullable String key, String body, long nanos) {}

    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final Queue<HttpHandler> script = new ConcurrentLinkedQueue<>();
    private final HttpServer server;

    Provider() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::handle);
        server.start();
    }

    String url() {
        return "http://localhost:" + server.getAddress().getPort();
    }

    List<Received> received() {
        return received;
    }

    List<@Nullable String> keys() {
        return received.stream().map(Received::key).toList();
    }

    /** What the next requests are answered with. */
    void willAnswer(HttpHandler... handlers) {
        script.addAll(Arrays.asList(handlers));
    }

    /** An answer with a body, and these headers: name, value, name, value … */
    static HttpHandler answer(int status, String... headers) {
        return exchange -> {
            for (int index = 0; index < headers.length; index += 2) {
                exchange.getResponseHeaders().add(headers[index], headers[index + 1]);
            }
            byte[] body = ("answer " + status).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        };
    }

    /** The request was taken, and its connection breaks before the answer. */
    static HttpHandler cut() {
        return HttpExchange::close;
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            received.add(new Received(
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().toString(),
                    exchange.getRequestHeaders().getFirst("Idempotency-Key"),
                    new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8),
                    System.nanoTime()));
            HttpHandler next = script.poll();
            (next == null ? answer(200) : next).handle(exchange);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
