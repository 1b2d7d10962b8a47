package io.idempotent.spring.operation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings({"unused", "checkstyle:AbbreviationAsWordInName"})
class MethodNamesTest {

    static class PaymentService {
        void pay() {}

        void payAll() {}

        void payV2() {}

        void pay2Times() {}

        void getURL() {}

        void getURLFor() {}

        void a() {}
    }

    static class HTTPClient {
        void send() {}

        void sendHTTP2Request() {}
    }

    static class Oauth2Client {
        void token() {}
    }

    static class Outer {
        static class InnerService {
            void run() {}
        }
    }

    static class lower {
        void run_fast() {}
    }

    @ParameterizedTest
    @CsvSource({
        "PaymentService, pay, payment-service-pay",
        "PaymentService, payAll, payment-service-pay-all",
        "PaymentService, payV2, payment-service-pay-v2",
        "PaymentService, pay2Times, payment-service-pay2-times",
        "PaymentService, getURL, payment-service-get-url",
        "PaymentService, getURLFor, payment-service-get-url-for",
        "PaymentService, a, payment-service-a",
        "HTTPClient, send, http-client-send",
        "HTTPClient, sendHTTP2Request, http-client-send-http2-request",
        "Oauth2Client, token, oauth2-client-token",
        "Outer$InnerService, run, inner-service-run",
        "lower, run_fast, lower-run_fast",
    })
    void hyphenatesClassAndMethod(String type, String method, String expected) throws Exception {
        Class<?> declaring = Class.forName(MethodNamesTest.class.getName() + "$" + type);
        assertThat(MethodNames.operation(declaring, declaring.getDeclaredMethod(method)))
                .isEqualTo(expected);
    }
}
