package io.idempotent.spring.interceptor;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.Part;
import java.lang.reflect.Method;
import java.security.Principal;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.annotation.AnnotatedMethod;
import org.springframework.http.HttpEntity;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.ServletServerHttpRequest;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.Headers;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.messaging.simp.SimpMessageHeaderAccessor;
import org.springframework.messaging.support.MessageHeaderAccessor;
import org.springframework.ui.Model;
import org.springframework.validation.BindingResult;
import org.springframework.web.bind.annotation.CookieValue;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.SessionAttribute;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.multipart.MultipartFile;
import org.springframework.web.multipart.MultipartHttpServletRequest;
import org.springframework.web.util.UriComponentsBuilder;

@SuppressWarnings("unused")
class FrameworkTypesTest {

    @ParameterizedTest
    @ValueSource(
            classes = {
                ServletRequest.class,
                HttpServletRequest.class,
                HttpServletRequestWrapper.class,
                MultipartHttpServletRequest.class,
                HttpServletResponse.class,
                HttpSession.class,
                ServletServerHttpRequest.class,
                HttpHeaders.class,
                MessageHeaders.class,
                MessageHeaderAccessor.class,
                SimpMessageHeaderAccessor.class,
                Consumer.class,
                KafkaConsumer.class,
                Principal.class,
                Model.class,
                BindingResult.class,
                WebRequest.class,
                UriComponentsBuilder.class
            })
    void whatAFrameworkFillsInSaysNothingOfTheRequest(Class<?> type) {
        assertThat(FrameworkTypes.isFrameworkType(type)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                Part.class,
                MultipartFile.class,
                Message.class,
                ConsumerRecord.class,
                HttpEntity.class,
                Locale.class,
                String.class,
                Object.class
            })
    void whatTheClientSendsIsTheRequest(Class<?> type) {
        assertThat(FrameworkTypes.isFrameworkType(type)).isFalse();
    }

    interface Declared {

        void overridden(@Header("id") String id, @Payload String payload);
    }

    static class Methods implements Declared {

        void filledIn(
                @Header("id") String id,
                @Headers Map<String, Object> headers,
                @RequestHeader("X-Trace") String trace,
                @CookieValue String cookie,
                @SessionAttribute Object session,
                @RequestAttribute Object request) {}

        void sent(
                @Payload String payload,
                @RequestBody String body,
                @RequestParam String parameter,
                @PathVariable String variable,
                Locale locale,
                TimeZone zone,
                ZoneId id) {}

        @PostMapping("/handled")
        void filledInOfAHandler(Locale locale, TimeZone zone, ZoneId id) {}

        @PostMapping("/handled")
        void sentToAHandler(@RequestParam Locale locale, @RequestBody ZoneId zone) {}

        @Override
        public void overridden(String id, String payload) {}
    }

    @ParameterizedTest
    @ValueSource(strings = {"filledIn", "filledInOfAHandler"})
    void aHeaderSaysNothingOfTheRequestWhateverItsType(String name) {
        Method method = method(name);
        for (int index = 0; index < method.getParameterCount(); index++) {
            assertThat(isFilledIn(method, index)).as("%s", index).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sent", "sentToAHandler"})
    void aBodyOrParameterIsTheRequestWhateverItsType(String name) {
        Method method = method(name);
        for (int index = 0; index < method.getParameterCount(); index++) {
            assertThat(isFilledIn(method, index)).as("%s", index).isFalse();
        }
    }

    @Test
    void annotationsOfTheInterfaceCount() {
        assertThat(isFilledIn(method("overridden"), 0)).isTrue();
        assertThat(isFilledIn(method("overridden"), 1)).isFalse();
    }

    private static boolean isFilledIn(Method method, int index) {
        return FrameworkTypes.isFilledIn(new AnnotatedMethod(method), index, method.getParameterTypes()[index]);
    }

    private static Method method(String name) {
        return Arrays.stream(Methods.class.getDeclaredMethods())
                .filter(method -> method.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
