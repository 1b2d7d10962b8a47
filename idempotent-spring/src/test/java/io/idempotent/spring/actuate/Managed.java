package io.idempotent.spring.actuate;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/** An application on a real Tomcat, and an operator who speaks to its management endpoints. */
final class Managed implements AutoCloseable {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** What claims are part of. */
    static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

    private static final Duration LEASE = Duration.ofSeconds(30);

    private final ConfigurableApplicationContext context;

    private Managed(ConfigurableApplicationContext context) {
        this.context = context;
    }

    /** Starts an application with these properties, given as {@code name=value}. */
    static Managed start(Class<?> application, String... properties) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("server.port", "0");
        settings.put("spring.main.banner-mode", "off");
        settings.put("management.endpoints.web.exposure.include", "*");
        // The class path has a client of a broker, and there is none.
        settings.put("management.health.rabbit.enabled", "false");
        // There is a Redis only on the class path.
        settings.put("management.health.redis.enabled", "false");
        for (String property : properties) {
            int equals = property.indexOf('=');
            settings.put(property.substring(0, equals), property.substring(equals + 1));
        }
        return new Managed(new SpringApplicationBuilder(application)
                .web(WebApplicationType.SERVLET)
                .properties(settings)
                .run());
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    ConfigurableListableBeanFactory beans() {
        return context.getBeanFactory();
    }

    /** Gets a path of the management endpoints. */
    Answer get(String path) {
        return get(path, null);
    }

    /** The same, as somebody, whose password is the name. */
    Answer get(String path, @Nullable String user) {
        return send(request(path, user).GET());
    }

    /** Shows a record. */
    Answer show(IdempotencyKey key, @Nullable String user) {
        return get(
                "/idempotency/" + key.operation() + "?key=" + encode(key.value())
                        + (key.scope().isEmpty() ? "" : "&scope=" + encode(key.scope())),
                user);
    }

    /** Settles a record, by these members of the body beside its key. */
    Answer settle(IdempotencyKey key, @Nullable String user, Map<String, ?> members) {
        Map<String, Object> body = new LinkedHashMap<>(members);
        body.put("key", key.value());
        if (!key.scope().isEmpty()) {
            body.put("scope", key.scope());
        }
        return post("/idempotency/" + key.operation(), user, JsonMapper.shared().writeValueAsString(body));
    }

    Answer post(String path, @Nullable String user, String body) {
        return send(
                request(path, user).header("Content-Type", "application/json").POST(BodyPublishers.ofString(body)));
    }

    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private HttpRequest.Builder request(String path, @Nullable String user) {
        String port = context.getEnvironment()
                .getProperty("local.management.port", context.getEnvironment().getProperty("local.server.port", "0"));
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/actuator" + path));
        if (user != null) {
            request.header(
                    "Authorization",
                    "Basic "
                            + Base64.getEncoder().encodeToString((user + ":" + user).getBytes(StandardCharsets.UTF_8)));
        }
        return request;
    }

    private static Answer send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response = CLIENT.send(request.build(), BodyHandlers.ofString());
            return new Answer(
                    response.statusCode(),
                    response.headers().firstValue("Content-Type").orElse(""),
                    response.body());
        } catch (IOException failure) {
            throw new IllegalStateException(failure);
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interruption);
        }
    }

    IdempotencyStore store() {
        return bean(OperationRegistry.class).store(null);
    }

    /** Somebody begins this, and holds it. */
    Claim begin(IdempotencyKey key) {
        return begin(store(), key);
    }

    static Claim begin(IdempotencyStore store, IdempotencyKey key) {
        return ((ClaimResult.Claimed) store.claim(
                        new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), LEASE, true, TRACE, null)))
                .claim();
    }

    /** Somebody begins this, records a step, begins another, and dies. */
    IdempotencyRecord die(IdempotencyKey key) {
        return die(store(), key);
    }

    static IdempotencyRecord die(IdempotencyStore store, IdempotencyKey key) {
        Claim claim = begin(store, key);
        store.recordStep(claim, new RecordedStep("charge", null));
        if (!store.abandon(claim)) {
            throw new IllegalStateException("not abandoned");
        }
        return Objects.requireNonNull(store.find(key));
    }

    @Override
    public void close() {
        context.close();
    }

    /** What is answered. */
    record Answer(int status, String contentType, String body) {

        JsonNode json() {
            return body.isEmpty()
                    ? MissingNode.getInstance()
                    : JsonMapper.shared().readTree(body);
        }

        String detail() {
            return json().path("detail").asString("");
        }
    }
}
