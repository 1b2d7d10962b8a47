package io.idempotent.spring.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;

/** An application on a real server, at a port of its own, and a client that speaks to it. */
final class HttpServer implements AutoCloseable {

    private static final HttpClient CLIENT =
            HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).build();

    private final ConfigurableApplicationContext context;

    private HttpServer(ConfigurableApplicationContext context) {
        this.context = context;
    }

    /** Starts an application on Tomcat with these properties, given as {@code name=value}. */
    static HttpServer start(Class<?> application, String... properties) {
        return start(WebApplicationType.SERVLET, application, properties);
    }

    /** Starts an application on Reactor Netty with these properties, given as {@code name=value}. */
    static HttpServer startReactive(Class<?> application, String... properties) {
        return start(WebApplicationType.REACTIVE, application, properties);
    }

    private static HttpServer start(WebApplicationType type, Class<?> application, String... properties) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("server.port", "0");
        settings.put("spring.main.banner-mode", "off");
        settings.put("idempotent.store", "caffeine");
        for (String property : properties) {
            int equals = property.indexOf('=');
            settings.put(property.substring(0, equals), property.substring(equals + 1));
        }
        return new HttpServer(new SpringApplicationBuilder(application)
                .web(type)
                .properties(settings)
                .run());
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    <T> T bean(String name, Class<T> type) {
        return context.getBean(name, type);
    }

    URI uri(String path) {
        int port = ((WebServerApplicationContext) context).getWebServer().getPort();
        return URI.create("http://localhost:" + port + path);
    }

    /** What a request gets. */
    Answer post(String path, @Nullable String key, String body, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
        if (key != null) {
            request.header("Idempotency-Key", key);
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request.build());
    }

    Answer send(HttpRequest request) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = CLIENT.send(request, BodyHandlers.ofByteArray());
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        response.headers().map().forEach((name, values) -> headers.put(name, String.join(" | ", values)));
        return new Answer(response.statusCode(), headers, new String(response.body(), ISO_8859_1));
    }

    @Override
    public void close() {
        context.close();
    }

    /**
     * What a client sees of a response.
     *
     * @param body each byte as one character
     */
    record Answer(int status, Map<String, String> headers, String body) {

        boolean isReplayed() {
            return "true".equals(headers.get("Idempotency-Replayed"));
        }

        /** As it is but for the moment that it was given at, and that it was replayed. */
        Answer comparable() {
            Map<String, String> compared = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            compared.putAll(headers);
            compared.remove("Date");
            compared.remove("Idempotency-Replayed");
            return new Answer(status, compared, body);
        }
    }
}
