package io.idempotent.spring.web.servlet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Fingerprint;
import io.idempotent.spring.settings.WebSettings;
import io.idempotent.spring.web.RequestFingerprint;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.mock.web.MockHttpServletRequest;

/**
 * Version 1 of a request's digest is what its specification says: others have stored it. These were made by another
 * program.
 */
class RequestDigestTest {

    private static MockHttpServletRequest request(String method, String path, String type, String body) {
        MockHttpServletRequest request = new MockHttpServletRequest(method, path);
        request.setContentType(type);
        request.setContent(body.getBytes(UTF_8));
        return request;
    }

    static List<Arguments> digests() {
        MockHttpServletRequest json =
                request("POST", "/orders/1", "application/json", "{\"b\":[1.50, null, true], \"a\":\"ü\"}");
        json.setQueryString("a=1");
        MockHttpServletRequest form = request("POST", "/forms", "application/x-www-form-urlencoded", "");
        form.addParameter("item", "a");
        form.addParameter("colour", "red", "blue");
        return List.of(
                Arguments.of(json, "http1:d-NS2AScHRLN7ndzJFYiE2TgYqK7yyFE3djJ-Eormro"),
                Arguments.of(
                        request("PUT", "/orders/1", "text/plain", "Möbel"),
                        "http1:IBJI3_JsD1cg5zf9uo-dj84ph0HwUpxEhk0JXZnoUCE"),
                Arguments.of(form, "http1:4Yn121IrxgZu8uu3MvzPXR3UNK7htwranpObGkZVlJ8"));
    }

    @ParameterizedTest
    @MethodSource("digests")
    void staysTheSame(MockHttpServletRequest request, String digest) throws Exception {
        Fingerprint taken = new RequestFingerprint(WebSettings.DEFAULTS)
                .take(new ServletContent(new RecordingRequest(request, 1_000)), "orders", false);
        assertThat(taken).isEqualTo(Fingerprint.ofDigest(digest));
    }
}
