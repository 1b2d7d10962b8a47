package io.idempotent.spring.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import io.idempotent.engine.RecordedEvents;
import io.idempotent.spring.web.Wire.Response;
import io.idempotent.spring.web.servlet.IdempotencyFilter;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.NotBlank;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.mock.http.MockHttpInputMessage;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.method.configuration.EnableMethodSecurity;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.validation.annotation.Validated;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.bind.support.WebDataBinderFactory;
import org.springframework.web.context.annotation.RequestScope;
import org.springframework.web.context.annotation.SessionScope;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.method.support.ModelAndViewContainer;
import org.springframework.web.multipart.MultipartFile;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** What is answered before a handler has begun, and what security answers, is not what a key stands for. */
@OnOneJdk("ConformanceTest runs on both")
class BeforeTheHandlerTest {

    private static HttpServer server;

    private static RecordedEvents told;

    private static AtomicInteger runs;

    private final String key = UUID.randomUUID().toString();

    @BeforeAll
    static void start() {
        server = HttpServer.start(
                Application.class, "server.error.include-message=always", "logging.level.org.apache.catalina=off");
        told = server.bean(RecordedEvents.class);
        runs = server.bean(AtomicInteger.class);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void begin() {
        told.forget();
        runs.set(0);
    }

    /** A request that is refused, and the status that it gets. */
    private record Refused(String path, int status, String type, String body, List<String> headers) {

        static Refused of(String path, int status, String... headers) {
            return new Refused(path, status, "application/json", "{\"item\":\"book\"}", List.of(headers));
        }

        Refused sending(String otherType, String otherBody) {
            return new Refused(path, status, otherType, otherBody, headers);
        }

        @Override
        public String toString() {
            return path + headers + " " + status;
        }
    }

    static Stream<Refused> refusedBeforeTheHandler() {
        return Stream.of(
                Refused.of("/orders", 400).sending("application/json", "{\"item\":"),
                Refused.of("/orders", 400).sending("application/json", ""),
                Refused.of("/orders", 400).sending("application/json", "{\"item\":\" \"}"),
                Refused.of("/orders", 415).sending("application/cbor", "\u0001"),
                Refused.of("/parameters", 400),
                Refused.of("/parameters?count=many", 400),
                Refused.of("/parameters?count=11", 400),
                Refused.of("/validated?count=11", 500),
                Refused.of("/contracts?count=11", 500),
                Refused.of("/scoped/of-request?count=11", 500),
                Refused.of("/scoped/of-session?count=11", 500),
                Refused.of("/scoped/without-proxy?count=11", 500),
                Refused.of("/header", 400),
                Refused.of("/upload", 400).sending("multipart/form-data; boundary=b", "--b--\r\n"),
                Refused.of("/resolved", 418, "X-Resolve: fail"),
                Refused.of("/nothing", 418, "X-Intercept: throw"),
                Refused.of("/nothing", 302, "X-Intercept: redirect"),
                Refused.of("/orders", 409, "X-Intercept: refuse"));
    }

    @ParameterizedTest
    @MethodSource("refusedBeforeTheHandler")
    void whatIsAnsweredBeforeTheHandlerBeganReleasesTheKey(Refused refused) throws IOException {
        for (int time = 0; time < 2; time++) {
            Response response = send(
                    "alice",
                    refused.path(),
                    refused.type(),
                    refused.body(),
                    refused.headers().toArray(String[]::new));
            assertThat(response.status()).as("%s", response).isEqualTo(refused.status());
            assertThat(response.isReplayed()).isFalse();
        }
        assertThat(told.names()).containsExactly("claimed", "released", "claimed", "released");
        assertThat(runs).hasValue(0);
    }

    /** What says the same as one of those above, and was said when the work was done. */
    @ParameterizedTest
    @CsvSource({
        "/done/unreadable, 400",
        "/done/arguments-of-another, 400",
        "/done/status, 415",
        "/done/not-acceptable, 406",
        "/done/return-value, 500",
        "/done/unwritable, 500",
        "/done/callable, 418",
        "/validated?count=1, 500",
        "/scoped/of-request?count=1, 500",
        "/scoped/of-session?count=1, 500",
        "/scoped/without-proxy?count=1, 500",
        "/scoped/without-advice?count=11, 500",
        "/service-validated?count=11, 500",
        "/service-denied, 404"
    })
    void whatIsAnsweredWhenTheHandlerHasBegunIsFinal(String path, int status) throws IOException {
        Response first = send("alice", path, "application/json", "{}", "Accept: " + accepted(path));
        assertThat(first.status()).as("%s", first).isEqualTo(status);
        Response second = send("alice", path, "application/json", "{}", "Accept: " + accepted(path));
        assertThat(second.isReplayed()).as("%s", second).isTrue();
        assertThat(runs).hasValue(1);
        assertThat(told.names()).containsExactly("claimed", "completed", "replayed");
    }

    @ParameterizedTest
    @CsvSource({
        "/denied, browser",
        "/denied, api",
        "/denied/in-callable, api",
        "/denied/by-method, api",
        "/denied/by-method, browser"
    })
    void whatSecurityAnswersOutsideOfTheFilterReleasesTheKey(String path, String client) throws IOException {
        for (int time = 0; time < 2; time++) {
            Response response = send("alice", path, "application/json", "{}", "X-Client: " + client);
            assertThat(response.status()).as("%s", response).isEqualTo(client.equals("browser") ? 302 : 404);
            assertThat(response.isReplayed()).isFalse();
        }
        assertThat(told.names()).containsExactly("claimed", "released", "claimed", "released");
    }

    @Test
    void rightsOfAMethodThatAreGivenLaterLetTheSameRequestPass() throws IOException {
        assertThat(send("alice", "/hidden", "application/json", "{}").status()).isEqualTo(404);
        assertThat(told.names()).containsExactly("claimed", "released");
        assertThat(runs).hasValue(0);
        assertThat(send("admin", "/hidden", "application/json", "{}").content()).isEqualTo("run 1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "nobody"})
    void whoeverIsNotLetInClaimsNothing(String user) throws IOException {
        assertThat(send(user, "/orders", "application/json", "{\"item\":\"book\"}")
                        .status())
                .isIn(302, 401);
        assertThat(told.names()).isEmpty();
    }

    /** Not by one that frees keys where handlers answer it either. */
    @ParameterizedTest
    @ValueSource(ints = {401, 418, 503})
    void aFailureThatIsAnsweredOutsideOfTheFilterIsNotRepeated(int status) throws IOException {
        assertThat(send("alice", "/failed", "application/json", "{}", "X-Outside: " + status)
                        .status())
                .isEqualTo(status);
        assertThat(send("alice", "/failed", "application/json", "{}", "X-Outside: " + status)
                        .status())
                .isEqualTo(500);
        assertThat(runs).hasValue(1);
    }

    private static String accepted(String path) {
        return path.endsWith("/not-acceptable") ? "image/png" : "*/*";
    }

    private Response send(String user, String path, String type, String body, String... headers) throws IOException {
        List<String> lines = new ArrayList<>(List.of(headers));
        lines.add("Idempotency-Key: " + key);
        lines.add("Content-Type: " + type);
        if (!user.isEmpty()) {
            lines.add(
                    "Authorization: Basic " + Base64.getEncoder().encodeToString((user + ":" + user).getBytes(UTF_8)));
        }
        return Wire.send("POST", server.uri(path), lines, body.getBytes(UTF_8));
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @EnableWebSecurity
    @EnableMethodSecurity
    @Import({
        RecordedEvents.class,
        Orders.class,
        Checked.class,
        Contracted.class,
        OfRequest.class,
        OfSession.class,
        WithoutProxy.class,
        WithoutAdvice.class,
        Secured.class,
        Service.class,
        Answers.class
    })
    static class Application implements WebMvcConfigurer {

        @Bean
        static AtomicInteger runs() {
            return new AtomicInteger();
        }

        @Bean
        static UserDetailsService users() {
            return new InMemoryUserDetailsManager(
                    User.withUsername("alice")
                            .password("{noop}alice")
                            .roles("USER")
                            .build(),
                    User.withUsername("admin")
                            .password("{noop}admin")
                            .roles("ADMIN")
                            .build());
        }

        @Bean
        static SecurityFilterChain security(HttpSecurity http) {
            return http.csrf(csrf -> csrf.disable())
                    .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                    .httpBasic(Customizer.withDefaults())
                    .exceptionHandling(failures -> failures.accessDeniedHandler((request, response, failure) -> {
                        if ("browser".equals(request.getHeader("X-Client"))) {
                            response.sendRedirect("/login");
                        } else {
                            response.setStatus(404);
                        }
                    }))
                    .build();
        }

        /** Where Spring Boot puts it. */
        @Bean
        static FilterRegistrationBean<Filter> securityFilter(Filter springSecurityFilterChain) {
            FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>(springSecurityFilterChain);
            registration.setOrder(-100);
            registration.setDispatcherTypes(DispatcherType.REQUEST, DispatcherType.ASYNC);
            return registration;
        }

        @Bean
        static FilterRegistrationBean<Filter> outside() {
            FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>((request, response, chain) -> {
                try {
                    chain.doFilter(request, response);
                } catch (Exception failure) {
                    if (((HttpServletRequest) request).getHeader("X-Outside") == null) {
                        throw failure;
                    }
                    ((HttpServletResponse) response)
                            .setStatus(Integer.parseInt(((HttpServletRequest) request).getHeader("X-Outside")));
                }
            });
            registration.setOrder(IdempotencyFilter.ORDER - 1);
            return registration;
        }

        @Override
        public void addInterceptors(InterceptorRegistry registry) {
            registry.addInterceptor(new HandlerInterceptor() {
                @Override
                public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler)
                        throws IOException {
                    switch (String.valueOf(request.getHeader("X-Intercept"))) {
                        case "throw" -> throw new ResponseStatusException(HttpStatusCode.valueOf(418));
                        case "redirect" -> response.sendRedirect("/login");
                        case "refuse" -> response.sendError(409);
                        default -> {
                            return true;
                        }
                    }
                    return false;
                }
            });
        }

        @Override
        public void addArgumentResolvers(List<HandlerMethodArgumentResolver> resolvers) {
            resolvers.add(new HandlerMethodArgumentResolver() {
                @Override
                public boolean supportsParameter(MethodParameter parameter) {
                    return parameter.getParameterType() == Resolved.class;
                }

                @Override
                public Object resolveArgument(
                        MethodParameter parameter,
                        ModelAndViewContainer container,
                        NativeWebRequest request,
                        WebDataBinderFactory binderFactory) {
                    if (request.getHeader("X-Resolve") != null) {
                        throw new ResponseStatusException(HttpStatusCode.valueOf(418));
                    }
                    return new Resolved("x");
                }
            });
        }
    }

    record Order(@NotBlank String item) {}

    record Resolved(String text) {}

    /** Cannot be written. */
    static final class Unwritable {

        public int getNumber() {
            return Integer.parseInt("no number");
        }
    }

    @RestController
    static class Orders {

        private final AtomicInteger runs;
        private final Service service;

        Orders(AtomicInteger runs, Service service) {
            this.runs = runs;
            this.service = service;
        }

        private String next() {
            return "run " + runs.incrementAndGet();
        }

        @PostMapping("/orders")
        @IdempotentEndpoint
        String order(@RequestBody @Valid Order order) {
            return next();
        }

        @PostMapping("/nothing")
        @IdempotentEndpoint
        String nothing() {
            return next();
        }

        @PostMapping("/parameters")
        @IdempotentEndpoint
        String parameters(@RequestParam @Max(10) int count) {
            return next();
        }

        @PostMapping("/header")
        @IdempotentEndpoint
        String header(@RequestHeader("X-Missing") String missing) {
            return next();
        }

        @PostMapping("/upload")
        @IdempotentEndpoint
        String upload(@RequestParam MultipartFile file) {
            return next();
        }

        @PostMapping("/resolved")
        @IdempotentEndpoint
        String resolved(Resolved resolved) {
            return next();
        }

        @PostMapping("/done/unreadable")
        @IdempotentEndpoint
        String unreadable(HttpServletRequest request) {
            next();
            throw new HttpMessageNotReadableException("of another service", new MockHttpInputMessage(new byte[0]));
        }

        @PostMapping("/done/arguments-of-another")
        @IdempotentEndpoint
        void forwards(HttpServletRequest request, HttpServletResponse response) throws Exception {
            next();
            request.getRequestDispatcher("/parameters").include(request, response);
        }

        @PostMapping("/done/status")
        @IdempotentEndpoint
        String status() {
            next();
            throw new ResponseStatusException(HttpStatus.UNSUPPORTED_MEDIA_TYPE);
        }

        @PostMapping("/done/not-acceptable")
        @IdempotentEndpoint
        Order notAcceptable() {
            next();
            return new Order("book");
        }

        @PostMapping("/done/return-value")
        @IdempotentEndpoint
        @Max(10)
        int returnValue(@RequestParam(defaultValue = "1") @Max(10) int count) {
            next();
            return 11;
        }

        @PostMapping("/done/unwritable")
        @IdempotentEndpoint
        Unwritable unwritable() {
            next();
            return new Unwritable();
        }

        @PostMapping("/done/callable")
        @IdempotentEndpoint
        Callable<String> callable(@RequestParam(defaultValue = "1") int count) {
            return () -> {
                next();
                throw new ResponseStatusException(HttpStatusCode.valueOf(418));
            };
        }

        @PostMapping("/service-validated")
        @IdempotentEndpoint
        String serviceValidated(@RequestParam int count) {
            next();
            return service.validated(count);
        }

        @PostMapping("/service-denied")
        @IdempotentEndpoint
        String serviceDenied() {
            next();
            try {
                return service.denied();
            } catch (AccessDeniedException denied) {
                throw new Hidden(denied);
            }
        }

        @PostMapping("/denied")
        @IdempotentEndpoint
        String denied() {
            return service.denied();
        }

        @PostMapping("/denied/in-callable")
        @IdempotentEndpoint
        Callable<String> deniedInCallable() {
            return () -> {
                throw new AccessDeniedException("denied");
            };
        }

        @PostMapping("/failed")
        @IdempotentEndpoint
        String failed() {
            throw new IllegalStateException(next());
        }
    }

    static final class Hidden extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Hidden(Throwable cause) {
            super(cause);
        }
    }

    /** Its arguments are checked by a proxy. */
    @RestController
    @Validated
    static class Checked {

        private final AtomicInteger runs;

        Checked(AtomicInteger runs) {
            this.runs = runs;
        }

        @PostMapping("/validated")
        @IdempotentEndpoint
        @Max(0)
        int validated(@RequestParam @Max(10) int count) {
            return runs.incrementAndGet();
        }
    }

    /** Declares what its implementation does. */
    @Validated
    interface Contract<T extends Number> {

        @PostMapping("/contracts")
        @IdempotentEndpoint
        String count(@RequestParam @Max(10) T count);
    }

    @RestController
    static class Contracted implements Contract<Integer> {

        private final AtomicInteger runs;

        Contracted(AtomicInteger runs) {
            this.runs = runs;
        }

        @Override
        public String count(Integer count) {
            return "run " + runs.incrementAndGet();
        }
    }

    /** Each request has its own. */
    @RestController
    @RequestScope
    @RequestMapping("/scoped/of-request")
    static class OfRequest extends Validating {

        OfRequest(AtomicInteger runs) {
            super(runs);
        }
    }

    /** Each session has its own. */
    @RestController
    @SessionScope
    @RequestMapping("/scoped/of-session")
    static class OfSession extends Validating {

        OfSession(AtomicInteger runs) {
            super(runs);
        }
    }

    /** Where the scope has no proxy. */
    @RestController
    @RequestScope(proxyMode = ScopedProxyMode.NO)
    @RequestMapping("/scoped/without-proxy")
    static class WithoutProxy extends Validating {

        WithoutProxy(AtomicInteger runs) {
            super(runs);
        }
    }

    @Validated
    abstract static class Validating {

        private final AtomicInteger runs;

        Validating(AtomicInteger runs) {
            this.runs = runs;
        }

        @PostMapping
        @IdempotentEndpoint
        @Max(0)
        public int validated(@RequestParam @Max(10) int count) {
            return runs.incrementAndGet();
        }
    }

    /** Is no proxy itself, and calls one. */
    @RestController
    @RequestScope
    static class WithoutAdvice {

        private final AtomicInteger runs;
        private final Service service;

        WithoutAdvice(AtomicInteger runs, Service service) {
            this.runs = runs;
            this.service = service;
        }

        @PostMapping("/scoped/without-advice")
        @IdempotentEndpoint
        String called(@RequestParam int count) {
            runs.incrementAndGet();
            return service.validated(count);
        }
    }

    /** May be called by some. */
    @RestController
    static class Secured {

        private final AtomicInteger runs;

        Secured(AtomicInteger runs) {
            this.runs = runs;
        }

        @PostMapping("/denied/by-method")
        @IdempotentEndpoint
        @PreAuthorize("hasRole('ADMIN')")
        public String byMethod() {
            return "run " + runs.incrementAndGet();
        }

        @PostMapping("/hidden")
        @IdempotentEndpoint
        @PreAuthorize("hasRole('ADMIN')")
        public String hidden() {
            return "run " + runs.incrementAndGet();
        }

        @ExceptionHandler
        ResponseEntity<String> handle(AccessDeniedException denied, HttpServletRequest request) {
            if (!request.getRequestURI().equals("/hidden")) {
                throw denied;
            }
            return ResponseEntity.notFound().build();
        }
    }

    @Validated
    static class Service {

        public String validated(@Max(10) int count) {
            return "valid";
        }

        @PreAuthorize("hasRole('ADMIN')")
        public String denied() {
            return "allowed";
        }
    }

    @RestControllerAdvice
    static class Answers {

        @ExceptionHandler
        ResponseEntity<String> handle(Hidden hidden) {
            return ResponseEntity.notFound().build();
        }
    }
}
