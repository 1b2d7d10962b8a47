package io.idempotent.spring.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.engine.RecordedEvents;
import io.idempotent.spring.web.Wire.Response;
import io.idempotent.spring.web.servlet.IdempotencyFilter;
import jakarta.servlet.Filter;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.CrossOrigin;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

/**
 * What makes two requests the same, which bodies are taken, and what is no request of an endpoint at all; where the
 * store keeps what a request says, and where it keeps a digest.
 */
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {Surroundings.STORE, "idempotent.store=jdbc"})
class RequestFingerprintTest {

    private static final String JSON = "application/json";
    private static final String TEXT = "text/plain";
    private static final String FORM = "application/x-www-form-urlencoded";

    private static HttpServer server;

    private static RecordedEvents told;

    private static AtomicInteger runs;

    private final String key = UUID.randomUUID().toString();

    @Parameter
    String store;

    @BeforeParameterizedClassInvocation
    static void start(String store) {
        server = HttpServer.start(
                Application.class,
                store,
                "idempotent.web.scope=shared",
                "idempotent.web.fingerprint-headers=X-Channel",
                "idempotent.web.maximum-body-size=1KB",
                "spring.mvc.formcontent.filter.enabled=false");
        told = server.bean(RecordedEvents.class);
        runs = server.bean(Endpoints.class).runs;
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        server.close();
    }

    @BeforeEach
    void begin() {
        told.forget();
        runs.set(0);
    }

    @Configuration(proxyBeanMethods = false)
    @Import({Surroundings.class, Endpoints.class})
    static class Application {

        /** Inside of the library's filter: it reads the body, and gives its own copy on. */
        @Bean
        static FilterRegistrationBean<Filter> reading() {
            FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>((request, response, chain) -> {
                byte[] body = request.getInputStream().readAllBytes();
                chain.doFilter(new Copied((HttpServletRequest) request, body), response);
            });
            registration.setOrder(IdempotencyFilter.ORDER + 1);
            registration.addUrlPatterns("/read-before");
            return registration;
        }

        /** Outside of the library's filter: what comes out of it is longer than what was announced. */
        @Bean
        static FilterRegistrationBean<Filter> unpacking() {
            FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>((request, response, chain) -> {
                HttpServletRequest packed = (HttpServletRequest) request;
                String unpacked = packed.getHeader("X-Unpacked");
                chain.doFilter(unpacked == null ? packed : new Copied(packed, unpacked.getBytes(UTF_8)), response);
            });
            registration.setOrder(IdempotencyFilter.ORDER - 1);
            return registration;
        }
    }

    private static final class Copied extends HttpServletRequestWrapper {

        private final ServletInputStream stream;

        Copied(HttpServletRequest request, byte[] body) {
            super(request);
            this.stream = stream(new ByteArrayInputStream(body));
        }

        @Override
        public ServletInputStream getInputStream() {
            return stream;
        }

        private static ServletInputStream stream(ByteArrayInputStream content) {
            return new ServletInputStream() {
                @Override
                public int read() {
                    return content.read();
                }

                @Override
                public int read(byte[] target, int offset, int length) {
                    return content.read(target, offset, length);
                }

                @Override
                public boolean isFinished() {
                    return content.available() == 0;
                }

                @Override
                public boolean isReady() {
                    return true;
                }

                @Override
                public void setReadListener(ReadListener listener) {
                    throw new UnsupportedOperationException();
                }
            };
        }
    }

    @RestController
    static class Endpoints {

        private final AtomicInteger runs = new AtomicInteger();

        @RequestMapping(
                path = "/orders/{id}",
                method = {RequestMethod.POST, RequestMethod.PUT})
        @CrossOrigin("https://one.example")
        @IdempotentEndpoint
        String order(@PathVariable String id, @RequestBody(required = false) byte[] body) {
            return id + " " + (body == null ? 0 : body.length) + " " + runs.incrementAndGet();
        }

        @PostMapping("/read-before")
        @IdempotentEndpoint
        String readBefore(@RequestBody String body) {
            return body + runs.incrementAndGet();
        }

        @PostMapping("/forms")
        @IdempotentEndpoint
        String form(@RequestParam String item, @RequestParam List<String> colour) {
            return item + colour + runs.incrementAndGet();
        }

        @PostMapping("/uploads")
        @IdempotentEndpoint
        String upload(@RequestParam MultipartFile file) throws IOException {
            return new String(file.getBytes(), UTF_8) + runs.incrementAndGet();
        }
    }

    private record Request(String method, String path, String type, String body, List<String> headers) {

        static Request of(String method, String path, String type, String body, String... headers) {
            return new Request(method, path, type, body, List.of(headers));
        }

        static Request json(String body) {
            return Request.of("POST", "/orders/1", JSON, body);
        }

        static Request text(String body) {
            return Request.of("POST", "/orders/1", TEXT, body);
        }

        static Request form(String body) {
            return Request.of("POST", "/forms", FORM, body);
        }

        static Request upload(String boundary, String fileName, String content) {
            return Request.of(
                    "POST",
                    "/uploads",
                    "multipart/form-data; boundary=" + boundary,
                    "--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + fileName
                            + "\"\r\nContent-Type: text/plain\r\n\r\n" + content + "\r\n--" + boundary + "--\r\n");
        }

        static Request typed(String type, String body) {
            return Request.of("POST", "/orders/1", type, body);
        }

        static Request part(String headers) {
            return Request.of(
                    "POST",
                    "/uploads",
                    "multipart/form-data; boundary=part",
                    "--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n" + headers
                            + "\r\nhello\r\n--part--\r\n");
        }

        Response send(String key) throws IOException {
            List<String> lines = new ArrayList<>(headers);
            lines.add("Idempotency-Key: " + key);
            lines.add("Content-Type: " + type);
            return Wire.send(method, server.uri(path), lines, body.getBytes(UTF_8));
        }

        /** The same in two chunks, whose length nobody knows before. */
        Response sendInChunks(String key) throws IOException {
            int half = body.length() / 2;
            String chunks = Integer.toHexString(half) + "\r\n" + body.substring(0, half) + "\r\n"
                    + Integer.toHexString(body.length() - half) + "\r\n" + body.substring(half) + "\r\n0\r\n\r\n";
            return Request.of(method, path, type, chunks, "Transfer-Encoding: chunked")
                    .send(key);
        }
    }

    private static Arguments pair(String what, Request one, Request other) {
        return Arguments.of(what, one, other);
    }

    static List<Arguments> same() {
        return List.of(
                pair(
                        "order and white space",
                        Request.json("{\"a\":1,\"b\":[1,2]}"),
                        Request.json("{ \"b\":[1, 2], \"a\":1 }\n")),
                pair("ways to write a text", Request.json("\"\\u00fc/\""), Request.json("\"ü\\/\"")),
                pair(
                        "another type of JSON",
                        Request.of("POST", "/orders/1", "application/merge-patch+json", "{\"a\": 1}"),
                        Request.of("POST", "/orders/1", "application/merge-patch+json; charset=utf-8", "{\"a\":1}")),
                pair("one number", Request.json("[1,100,0]"), Request.json("[1.0,1E+2,-0e7]")),
                pair(
                        "UTF-8, said or not",
                        Request.json("\"ü\""),
                        Request.typed("application/json;charset=\"utf8\"", "\"ü\"")),
                pair(
                        "one character set",
                        Request.typed("text/plain; charset=latin1; a=b", "a"),
                        Request.typed("Text/Plain;A=b;charset=ISO-8859-1", "a")),
                pair(
                        "a form in a character set",
                        Request.form("item=%C3%BC&colour=red"),
                        Request.of("POST", "/forms", FORM + ";charset=utf-8", "item=%C3%BC&colour=red")),
                pair(
                        "ways to say the type of a part",
                        Request.part("Content-Type: text/plain; charset=utf8\r\n"),
                        Request.part("content-length: 5\r\ncontent-type: TEXT/plain;charset=\"UTF-8\"\r\n")),
                pair("what is no JSON", Request.json("{\"a\":"), Request.json("{\"a\":")),
                pair("members that come twice", Request.json("{\"a\":1,\"a\":2}"), Request.json("{\"a\":1,\"a\":2}")),
                pair("nothing", Request.text(""), Request.text("")),
                pair("much white space", Request.json("{\"a\":1}"), Request.json("{\"a\":" + " ".repeat(1_010) + "1}")),
                pair(
                        "a long body of two orders",
                        Request.json("{\"a\":1,\"b\":\"" + "x".repeat(990) + "\"}"),
                        Request.json("{\"b\":\"" + "x".repeat(990) + "\",\"a\":1}")),
                pair(
                        "headers that are not chosen",
                        Request.of("POST", "/orders/1", TEXT, "a", "User-Agent: one"),
                        Request.of("POST", "/orders/1", TEXT, "a", "User-Agent: two")),
                pair(
                        "parameters of a form in another order",
                        Request.form("item=a&colour=red&colour=blue"),
                        Request.form("colour=red&item=a&colour=blue")),
                pair(
                        "another boundary",
                        Request.upload("one", "a.txt", "hello"),
                        Request.upload("two", "a.txt", "hello")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("same")
    void saysTheSame(String what, Request one, Request other) throws IOException {
        Response first = one.send(key);
        Response second = other.send(key);
        assertThat(first.status()).as("%s", first).isEqualTo(200);
        assertThat(second.isReplayed()).as("%s", second).isTrue();
        assertThat(second.without(IdempotencyFilter.REPLAYED)).isEqualTo(first.without());
    }

    static List<Arguments> different() {
        return List.of(
                pair("null and absent", Request.json("{\"a\":null}"), Request.json("{}")),
                pair("digits of a number", Request.json("{\"a\":1.0}"), Request.json("{\"a\":1.01}")),
                pair("exponents", Request.json("1e99999999999"), Request.json("1e-99999999999")),
                pair(
                        "character sets",
                        Request.typed("text/plain;charset=iso-8859-1", "ñò"),
                        Request.typed("text/plain;charset=iso-8859-7", "ñò")),
                pair(
                        "character sets of JSON",
                        Request.json("\"ñ\""),
                        Request.typed("application/json;charset=iso-8859-1", "\"ñ\"")),
                pair("types", Request.typed("text/plain", "a"), Request.typed("text/html", "a")),
                pair(
                        "types of JSON",
                        Request.typed("application/merge-patch+json", "{}"),
                        Request.typed("application/json-patch+json", "{}")),
                pair("a parameter of a type", Request.typed(JSON, "{}"), Request.typed("application/json;v=2", "{}")),
                pair(
                        "encodings",
                        Request.of("POST", "/orders/1", TEXT, "a"),
                        Request.of("POST", "/orders/1", TEXT, "a", "Content-Encoding: br")),
                pair(
                        "ranges",
                        Request.of("PUT", "/orders/1", TEXT, "a", "Content-Range: bytes 0-0/2"),
                        Request.of("PUT", "/orders/1", TEXT, "a", "Content-Range: bytes 1-1/2")),
                pair(
                        "the character set of a form that only the handler reads",
                        Request.of("PUT", "/orders/1", FORM + ";charset=utf-8", "item=%F1"),
                        Request.of("PUT", "/orders/1", FORM + ";charset=iso-8859-7", "item=%F1")),
                pair(
                        "the character set of a part",
                        Request.part("Content-Type: text/plain; charset=utf-8\r\n"),
                        Request.part("Content-Type: text/plain; charset=iso-8859-1\r\n")),
                pair(
                        "the encoding of a part",
                        Request.part("Content-Transfer-Encoding: 8bit\r\n"),
                        Request.part("Content-Transfer-Encoding: base64\r\n")),
                pair("order of a list", Request.json("[1,2]"), Request.json("[2,1]")),
                pair("number and text", Request.json("[1]"), Request.json("[\"1\"]")),
                pair("a member that comes twice", Request.json("{\"a\":1,\"a\":2}"), Request.json("{\"a\":2}")),
                pair("what follows", Request.json("{} {}"), Request.json("{}")),
                pair("letters of which half is the same", Request.json("\"a\""), Request.json("\"\\u0161\"")),
                pair("halves of letters", Request.json("\"\\ud800\""), Request.json("\"\\ud801\"")),
                pair(
                        "the beginning of a long text",
                        Request.json("\"a" + "x".repeat(600) + '"'),
                        Request.json("\"b" + "x".repeat(600) + '"')),
                pair(
                        "what follows a long query",
                        Request.of("POST", "/orders/1?b=" + "x".repeat(600), TEXT, "a"),
                        Request.of("POST", "/orders/1?b=" + "x".repeat(600), TEXT, "b")),
                pair("white space of a text", Request.text("a b"), Request.text("a  b")),
                pair("text and JSON", Request.text("1"), Request.json("1")),
                pair(
                        "the end of a body that was unpacked",
                        Request.of("POST", "/orders/1", TEXT, "a", "X-Unpacked: one"),
                        Request.of("POST", "/orders/1", TEXT, "a", "X-Unpacked: other")),
                pair("path", Request.of("POST", "/orders/1", TEXT, "a"), Request.of("POST", "/orders/2", TEXT, "a")),
                pair("method", Request.of("POST", "/orders/1", TEXT, "a"), Request.of("PUT", "/orders/1", TEXT, "a")),
                pair(
                        "query",
                        Request.of("POST", "/orders/1", TEXT, "a"),
                        Request.of("POST", "/orders/1?b=2", TEXT, "a")),
                pair(
                        "a header that is chosen",
                        Request.of("POST", "/orders/1", TEXT, "a", "X-Channel: web"),
                        Request.of("POST", "/orders/1", TEXT, "a", "X-Channel: shop")),
                pair("form", Request.form("item=a&colour=red"), Request.form("item=b&colour=red")),
                pair(
                        "order of one parameter's values",
                        Request.form("item=a&colour=red&colour=blue"),
                        Request.form("item=a&colour=blue&colour=red")),
                pair(
                        "where a value of a form ends",
                        Request.form("item=a&colour=red&colour=blue"),
                        Request.form("item=a&colour=redblue")),
                pair(
                        "form that only the handler reads",
                        Request.of("PUT", "/orders/1", FORM, "item=a"),
                        Request.of("PUT", "/orders/1", FORM, "item=b")),
                pair(
                        "content of a part",
                        Request.upload("one", "a.txt", "hello"),
                        Request.upload("one", "a.txt", "bye")),
                pair(
                        "name of a file",
                        Request.upload("one", "a.txt", "hello"),
                        Request.upload("one", "b.txt", "hello")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("different")
    void saysSomethingElse(String what, Request one, Request other) throws IOException {
        Response first = one.send(key);
        assertThat(first.status()).as("%s", first).isEqualTo(200);
        assertThat(other.send(key).status()).isEqualTo(422);
        assertThat(one.send(key).isReplayed()).isTrue();
        assertThat(runs).hasValue(1);
    }

    @Test
    void aBodyThatWasReadBeforeIsComparedAndHandled() throws IOException {
        Request request = Request.of("POST", "/read-before", TEXT, "body ");
        assertThat(request.send(key).content()).isEqualTo("body 1");
        assertThat(request.send(key).content()).isEqualTo("body 1");
        assertThat(Request.of("POST", "/read-before", TEXT, "other").send(key).status())
                .isEqualTo(422);
    }

    static List<Request> tooLong() {
        return List.of(
                Request.text("x".repeat(1_025)),
                Request.json("[" + "1,".repeat(600) + "1]"),
                Request.form("colour=red&item=" + "x".repeat(1_020)),
                Request.upload("limit", "a.txt", "x".repeat(1_025)));
    }

    @ParameterizedTest
    @MethodSource("tooLong")
    void aBodyThatIsTooLongIsRefusedWhetherItSaysSoOrNot(Request request) throws IOException {
        assertThat(request.send(key).status()).isEqualTo(413);
        assertThat(request.sendInChunks(key).status()).isEqualTo(413);
        assertThat(runs).hasValue(0);
        assertThat(told.names()).isEmpty();
    }

    @Test
    void aBodyMayBeAsLongAsIsSaid() throws IOException {
        Request request = Request.text("x".repeat(1_024));
        assertThat(request.send(key).content()).isEqualTo("1 1024 1");
        assertThat(request.sendInChunks(key).isReplayed()).isTrue();
    }

    static List<Request> unclaimed() {
        return List.of(
                Request.of("POST", "/nowhere", TEXT, "a"),
                Request.of("DELETE", "/orders/1", TEXT, ""),
                Request.of("OPTIONS", "/orders/1", TEXT, ""),
                Request.of(
                        "OPTIONS",
                        "/orders/1",
                        TEXT,
                        "",
                        "Origin: https://one.example",
                        "Access-Control-Request-Method: POST",
                        "Access-Control-Request-Headers: Idempotency-Key"),
                Request.of("POST", "/orders/1", TEXT, "a", "Origin: https://two.example"));
    }

    @ParameterizedTest
    @MethodSource("unclaimed")
    void whatIsNotHandledByAnEndpointClaimsNothing(Request request) throws IOException {
        int before = server.bean(ObservedStore.class).calls();
        Response first = request.send(key);
        Response second = request.send(key);
        assertThat(second.statusLine()).isEqualTo(first.statusLine());
        assertThat(second.without().headers()).isEqualTo(first.without().headers());
        assertThat(server.bean(ObservedStore.class).calls()).isEqualTo(before);
        assertThat(told.names()).isEmpty();
        assertThat(runs).hasValue(0);
    }
}
