package io.idempotent.spring.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.engine.RecordedEvents;
import io.idempotent.spring.web.Wire.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is recorded of a response is all of it, whoever made it, byte for byte, kept by reference and encoded. */
@ParameterizedClass(name = "encoded: {0}")
@ValueSource(booleans = {false, true})
class ResponseShapesTest {

    private static final String ORDER = "{\"item\":\"Möbel\"}";

    private static HttpServer server;

    @Parameter
    boolean encoded;

    @BeforeParameterizedClassInvocation
    static void start(boolean encoded) {
        server = HttpServer.start(
                ResponseShapes.class,
                "idempotent.caffeine.store-by-value=" + encoded,
                "idempotent.web.scope=shared",
                "idempotent.web.maximum-response-size=9KB",
                "server.error.include-message=always",
                "logging.level.org.apache.catalina=off");
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        server.close();
    }

    /** A request, and what is to come of it. */
    private record Shape(String path, int status, String type, String body, List<String> headers) {

        static Shape of(String path, int status) {
            return new Shape(path, status, "application/json", ORDER, List.of());
        }

        Shape sending(String otherType, String otherBody) {
            return new Shape(path, status, otherType, otherBody, headers);
        }

        Shape with(String... lines) {
            return new Shape(path, status, type, body, List.of(lines));
        }

        Response send(String key) throws IOException {
            Stream<String> lines = Stream.concat(Stream.of("Content-Type: " + type), headers.stream());
            return Wire.send(
                    "POST",
                    server.uri("/shapes/" + path),
                    (key == null ? lines : Stream.concat(lines, Stream.of("Idempotency-Key: " + key))).toList(),
                    body.getBytes(UTF_8));
        }

        @Override
        public String toString() {
            return path + headers + " " + status;
        }
    }

    static List<Shape> shapes() {
        String part = "--limit\r\nContent-Disposition: form-data; name=\"";
        return List.of(
                Shape.of("json", 200),
                Shape.of("entity", 201),
                Shape.of("latin", 200),
                Shape.of("text", 200),
                Shape.of("bytes", 200),
                Shape.of("resource", 200),
                Shape.of("no-content", 204),
                Shape.of("accepted", 202),
                Shape.of("sent-redirect", 302),
                Shape.of("redirect", 302),
                Shape.of("redirect-view", 303),
                Shape.of("forward", 200),
                Shape.of("view", 200),
                Shape.of("writer", 200),
                Shape.of("writer-without-charset", 200),
                Shape.of("writer-before-charset", 200),
                Shape.of("stream", 200),
                Shape.of("reset", 200),
                Shape.of("handled", 422),
                Shape.of("advised", 402),
                Shape.of("enveloped", 200),
                Shape.of("sent-error", 409),
                Shape.of("status-exception", 404),
                Shape.of("failure", 500),
                Shape.of("failure", 500).with("Accept: text/html"),
                Shape.of("json", 406).with("Accept: image/png"),
                Shape.of("unwritable", 500),
                Shape.of("problem", 410),
                Shape.of("problem-exception", 402),
                Shape.of("bad-gateway", 502),
                Shape.of("callable", 200),
                Shape.of("callable-failure", 402),
                Shape.of("callable-error", 404),
                Shape.of("async-task", 202),
                Shape.of("deferred", 201),
                Shape.of("deferred-failure", 500),
                Shape.of("future", 200),
                Shape.of("mono", 200),
                Shape.of("upload", 200)
                        .sending(
                                "multipart/form-data; boundary=limit",
                                part + "file\"; filename=\"a.txt\"\r\n\r\nfür\r\n" + part
                                        + "note\"\r\n\r\nschön\r\n--limit--\r\n"),
                Shape.of("form", 200)
                        .sending("application/x-www-form-urlencoded", "item=M%C3%B6bel&colour=red&colour=blue"),
                Shape.of("headers", 200),
                Shape.of("compressed", 200),
                Shape.of("compressed", 200).with("Accept-Encoding: gzip"));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void everyRepetitionGetsTheFirstResponseByteForByte(Shape shape) throws IOException {
        AtomicInteger runs = server.bean(AtomicInteger.class);
        RecordedEvents told = server.bean(RecordedEvents.class);
        runs.set(0);
        Response bare = shape.send(null);
        runs.set(0);
        told.forget();

        String key = UUID.randomUUID().toString();
        Response first = shape.send(key);
        Response second = shape.send(key);
        Response third = shape.send(key);

        assertThat(first.status()).as("%s", first).isEqualTo(shape.status());
        assertThat(unframed(first)).isEqualTo(unframed(bare));
        assertThat(first.isReplayed()).isFalse();
        assertThat(second.isReplayed()).isTrue();
        assertThat(second.without("Idempotency-Replayed")).isEqualTo(first.without());
        assertThat(third.without()).isEqualTo(second.without());
        assertThat(runs).hasValue(1);
        assertThat(told.names()).containsExactly("claimed", "completed", "replayed", "replayed");
    }

    /**
     * As it would be without the library: that knows the length of all, and leaves a redirection's location as it was
     * given. An error's page has its moment.
     */
    private static Response unframed(Response response) {
        Response compared = response.without("Content-Length", "Transfer-Encoding");
        return new Response(
                compared.statusLine(),
                compared.headers().stream()
                        .map(line -> line.replace(server.uri("/").toString(), "/"))
                        .toList(),
                response.content()
                        .replaceAll("\"timestamp\":\"[^\"]*\"", "")
                        .replaceAll("<div id='created'>[^<]*", ""));
    }

    private static Response send(String path, String key, String... headers) throws IOException {
        return Shape.of(path, 200).with(headers).send(key);
    }

    @Test
    void whatIsNotClaimedForPassesAsItIs() throws IOException {
        AtomicInteger runs = server.bean(AtomicInteger.class);
        runs.set(0);
        Response bare = send("unclaimed", null);
        runs.set(0);
        Response withKey = send("unclaimed", UUID.randomUUID().toString());
        assertThat(withKey.content()).isEqualTo("not flushed 1");
        assertThat(withKey.without()).isEqualTo(bare.without());
    }

    @Test
    void whoeverAsksFromAnotherOriginGetsTheHeadersForThat() throws IOException {
        String key = UUID.randomUUID().toString();
        Response first = send("cross-origin", key, "Origin: https://one.example");
        Response other = send("cross-origin", key, "Origin: https://two.example");
        Response same = send("cross-origin", key, "Origin: https://one.example");

        assertThat(first.values("Access-Control-Allow-Origin")).containsExactly("https://one.example");
        assertThat(first.values("Vary")).contains("Origin", "X-Own");
        assertThat(other.values("Access-Control-Allow-Origin")).containsExactly("https://two.example");
        assertThat(other.without("Access-Control-Allow-Origin", "Idempotency-Replayed"))
                .isEqualTo(first.without("Access-Control-Allow-Origin"));
        assertThat(same.without("Idempotency-Replayed")).isEqualTo(first.without());
    }

    @Test
    void aCookieIsForTheFirstOneOnly() throws IOException {
        String key = UUID.randomUUID().toString();
        Response first = send("cookie", key);
        Response second = send("cookie", key);
        Response third = send("cookie", key);

        assertThat(first.values("Set-Cookie")).containsExactly("session=secret");
        assertThat(second.without("Idempotency-Replayed")).isEqualTo(first.without("Set-Cookie"));
        assertThat(third.without()).isEqualTo(second.without());
    }

    @Test
    void credentialsAndWhatIsSaidToAnOriginAreForTheFirstOneOnly() throws IOException {
        String key = UUID.randomUUID().toString();
        Response first = send("credentials", key);
        Response second = send("credentials", key);

        assertThat(first.headers()).filteredOn(line -> line.contains("secret")).hasSize(4);
        assertThat(second.isReplayed()).isTrue();
        assertThat(second.headers())
                .noneMatch(line -> line.contains("secret") || line.startsWith("Access-Control"))
                .contains("X-Kept: kept");
        assertThat(second.content()).isEqualTo(first.content());
    }

    @Test
    void trailersAreSentAndNotRecorded() throws IOException {
        String key = UUID.randomUUID().toString();
        assertThat(send("trailers", null).body()).contains("X-Sum: 7");
        Response first = send("trailers", key);
        Response second = send("trailers", key);

        assertThat(first.body()).contains("X-Sum: 7");
        assertThat(second.content()).isEqualTo(first.content());
        assertThat(second.isReplayed()).isTrue();
        assertThat(second.body()).doesNotContain("X-Sum");
        assertThat(second.values("Trailer")).isEmpty();
    }

    @Test
    void aBodyThatIsTooLongToBeRecordedIsSentWholeOnce() throws IOException {
        String key = UUID.randomUUID().toString();
        server.bean(RecordedEvents.class).forget();
        Response first = send("long", key);
        Response second = send("long", key);
        Response third = send("long", key);

        assertThat(first.status()).isEqualTo(200);
        assertThat(first.body()).startsWith("long long ").hasSizeGreaterThan(10_000);
        assertThat(first.values("Content-Length"))
                .containsExactly(Integer.toString(first.body().length()));
        assertThat(second.status()).isEqualTo(500);
        assertThat(second.body()).contains("/result-not-available");
        assertThat(third.without()).isEqualTo(second.without());
        assertThat(server.bean(RecordedEvents.class).names())
                .containsExactly("claimed", "notReplayable", "completed", "refused", "refused");
    }

    @Test
    void aReplayIsInTheEncodingOfTheFirstResponseWhateverIsAcceptedNow() throws IOException {
        String compressed = UUID.randomUUID().toString();
        Response first = send("compressed", compressed, "Accept-Encoding: gzip");
        assertThat(unzipped(first)).startsWith("compressed ");
        assertThat(send("compressed", compressed).without("Idempotency-Replayed"))
                .isEqualTo(first.without());

        String plain = UUID.randomUUID().toString();
        Response uncompressed = send("compressed", plain);
        assertThat(send("compressed", plain, "Accept-Encoding: gzip").without("Idempotency-Replayed"))
                .isEqualTo(uncompressed.without());
    }

    private static String unzipped(Response response) throws IOException {
        try (GZIPInputStream content =
                new GZIPInputStream(new ByteArrayInputStream(response.body().getBytes(ISO_8859_1)))) {
            return new String(content.readAllBytes(), UTF_8);
        }
    }
}
