package io.idempotent.spring.web;

import io.idempotent.engine.RecordedEvents;
import io.idempotent.spring.web.servlet.IdempotencyFilter;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.MethodParameter;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.stereotype.Controller;
import org.springframework.web.ErrorResponseException;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.CrossOrigin;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.context.request.async.WebAsyncTask;
import org.springframework.web.multipart.MultipartFile;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.View;
import org.springframework.web.servlet.mvc.method.annotation.ResponseBodyAdvice;
import org.springframework.web.servlet.view.RedirectView;
import reactor.core.publisher.Mono;

/** The ways in which an application answers. Each says how often it ran. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({ResponseShapes.Shapes.class, ResponseShapes.Failures.class, ResponseShapes.Envelopes.class})
class ResponseShapes {

    @Bean
    static AtomicInteger runs() {
        return new AtomicInteger();
    }

    @Bean
    static RecordedEvents told() {
        return new RecordedEvents();
    }

    /** Inside of the library's filter: it compresses for those who accept that. */
    @Bean
    static FilterRegistrationBean<Filter> compression() {
        FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>((request, response, chain) ->
                compress((HttpServletRequest) request, (HttpServletResponse) response, chain));
        registration.setOrder(IdempotencyFilter.ORDER + 1);
        registration.addUrlPatterns("/shapes/compressed");
        return registration;
    }

    private static void compress(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, jakarta.servlet.ServletException {
        if (!"gzip".equals(request.getHeader("Accept-Encoding"))) {
            chain.doFilter(request, response);
            return;
        }
        response.setHeader("Content-Encoding", "gzip");
        try (GZIPOutputStream gzip = new GZIPOutputStream(response.getOutputStream())) {
            chain.doFilter(request, new Compressed(response, gzip));
        }
    }

    /** Writes into another stream. */
    private static final class Compressed extends HttpServletResponseWrapper {

        private final GZIPOutputStream gzip;

        Compressed(HttpServletResponse response, GZIPOutputStream gzip) {
            super(response);
            this.gzip = gzip;
        }

        @Override
        public ServletOutputStream getOutputStream() {
            return new ServletOutputStream() {
                @Override
                public void write(int next) throws IOException {
                    gzip.write(next);
                }

                @Override
                public boolean isReady() {
                    return true;
                }

                @Override
                public void setWriteListener(WriteListener listener) {
                    throw new UnsupportedOperationException();
                }
            };
        }
    }

    record Order(String item) {}

    record Receipt(int run, String item) {}

    /** Cannot be written. */
    static final class Unwritable {

        public String getFirst() {
            return "written before it fails";
        }

        public int getSecond() {
            return Integer.parseInt("no number");
        }
    }

    static final class Declined extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    static final class Impossible extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @RestControllerAdvice
    static class Failures {

        @ExceptionHandler
        ResponseEntity<Map<String, String>> handle(Declined declined) {
            return ResponseEntity.status(402).header("X-Reason", "declined").body(Map.of("error", "declined"));
        }
    }

    @ControllerAdvice
    static class Envelopes implements ResponseBodyAdvice<Object> {

        @Override
        public boolean supports(MethodParameter returned, Class<? extends HttpMessageConverter<?>> converter) {
            return returned.getMethod() != null
                    && returned.getMethod().getName().equals("enveloped");
        }

        @Override
        public Object beforeBodyWrite(
                Object body,
                MethodParameter returned,
                MediaType type,
                Class<? extends HttpMessageConverter<?>> converter,
                ServerHttpRequest request,
                ServerHttpResponse response) {
            response.getHeaders().add("X-Envelope", "yes");
            return Map.of("data", body);
        }
    }

    @Controller
    @RequestMapping("/shapes")
    static class Shapes {

        private final AtomicInteger runs;

        Shapes(AtomicInteger runs) {
            this.runs = runs;
        }

        private Receipt receipt(Order order) {
            return new Receipt(runs.incrementAndGet(), order.item());
        }

        @PostMapping("/json")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        Receipt json(@RequestBody Order order) {
            return receipt(order);
        }

        @PostMapping("/entity")
        @IdempotentEndpoint(required = false)
        ResponseEntity<Receipt> entity(@RequestBody Order order) {
            return ResponseEntity.created(URI.create("/orders/1"))
                    .eTag("\"v1\"")
                    .lastModified(0)
                    .body(receipt(order));
        }

        @PostMapping(path = "/latin", produces = "text/plain;charset=ISO-8859-15")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        String latin() {
            return "Grüße für 3 €, " + runs.incrementAndGet();
        }

        @PostMapping("/text")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        String text() {
            return "Grüße für 3 €, " + runs.incrementAndGet();
        }

        @PostMapping("/bytes")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        byte[] bytes() {
            return new byte[] {0, (byte) runs.incrementAndGet(), -1, -128, '\r', '\n'};
        }

        @PostMapping("/resource")
        @IdempotentEndpoint(required = false)
        ResponseEntity<Resource> resource() {
            byte[] content = ("file " + runs.incrementAndGet()).getBytes(StandardCharsets.UTF_8);
            return ResponseEntity.ok()
                    .header(HttpHeaders.CONTENT_DISPOSITION, "attachment; filename=\"file.bin\"")
                    .body(new ByteArrayResource(content));
        }

        @PostMapping("/no-content")
        @IdempotentEndpoint(required = false)
        ResponseEntity<Void> noContent() {
            runs.incrementAndGet();
            return ResponseEntity.noContent().build();
        }

        @PostMapping("/accepted")
        @IdempotentEndpoint(required = false)
        @ResponseStatus(HttpStatus.ACCEPTED)
        @ResponseBody
        void accepted() {
            runs.incrementAndGet();
        }

        @PostMapping("/sent-redirect")
        @IdempotentEndpoint(required = false)
        void sentRedirect(HttpServletResponse response) throws IOException {
            response.sendRedirect("/orders/" + runs.incrementAndGet());
        }

        @PostMapping("/redirect")
        @IdempotentEndpoint(required = false)
        String redirect() {
            return "redirect:/orders/" + runs.incrementAndGet();
        }

        @PostMapping("/redirect-view")
        @IdempotentEndpoint(required = false)
        RedirectView redirectView() {
            RedirectView view = new RedirectView("/orders/" + runs.incrementAndGet());
            view.setStatusCode(HttpStatus.SEE_OTHER);
            return view;
        }

        @PostMapping("/forward")
        @IdempotentEndpoint(required = false)
        String forward() {
            return "forward:/shapes/forwarded";
        }

        @PostMapping("/forwarded")
        @ResponseBody
        Map<String, Integer> forwarded() {
            return Map.of("run", runs.incrementAndGet());
        }

        @PostMapping("/view")
        @IdempotentEndpoint(required = false)
        View view() {
            int run = runs.incrementAndGet();
            return (model, request, response) -> {
                response.setContentType("text/html;charset=UTF-8");
                response.getWriter().append("<p>Größe ").append(Integer.toString(run));
            };
        }

        @PostMapping("/writer")
        @IdempotentEndpoint(required = false)
        void writer(HttpServletResponse response) throws IOException {
            response.setContentType("text/plain");
            response.setCharacterEncoding("UTF-16BE");
            PrintWriter writer = response.getWriter();
            writer.print("über ");
            response.flushBuffer();
            writer.print(runs.incrementAndGet());
            writer.close();
        }

        @PostMapping("/writer-without-charset")
        @IdempotentEndpoint(required = false)
        void writerWithoutCharset(HttpServletResponse response) throws IOException {
            response.setContentType("text/plain");
            response.getWriter().print("über " + runs.incrementAndGet());
        }

        @PostMapping("/writer-before-charset")
        @IdempotentEndpoint(required = false)
        void writerBeforeCharset(HttpServletResponse response) throws IOException {
            PrintWriter writer = response.getWriter();
            response.setContentType("text/plain;charset=UTF-8");
            response.setCharacterEncoding("UTF-16");
            writer.print("über " + runs.incrementAndGet());
        }

        @PostMapping("/unclaimed")
        void unclaimed(HttpServletResponse response) throws IOException {
            response.getWriter().print("not flushed " + runs.incrementAndGet());
        }

        @PostMapping("/stream")
        @IdempotentEndpoint(required = false)
        void stream(HttpServletResponse response) throws IOException {
            response.setContentType("application/x-own");
            response.setContentLength(4);
            ServletOutputStream out = response.getOutputStream();
            out.write(new byte[] {1, 2});
            response.flushBuffer();
            out.write(new byte[] {0, (byte) runs.incrementAndGet(), 9}, 0, 2);
            out.close();
        }

        @PostMapping("/reset")
        @IdempotentEndpoint(required = false)
        void reset(HttpServletResponse response) throws IOException {
            response.setStatus(500);
            response.addHeader("X-Gone", "yes");
            response.getOutputStream().print("gone");
            response.reset();
            response.getWriter().print("stays " + runs.incrementAndGet());
        }

        @PostMapping("/handled")
        @IdempotentEndpoint(required = false)
        void handled() {
            runs.incrementAndGet();
            throw new Impossible();
        }

        @ExceptionHandler
        ResponseEntity<String> handle(Impossible impossible) {
            return ResponseEntity.status(422).body("impossible");
        }

        @PostMapping("/advised")
        @IdempotentEndpoint(required = false)
        void advised() {
            runs.incrementAndGet();
            throw new Declined();
        }

        @PostMapping("/enveloped")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        Receipt enveloped(@RequestBody Order order) {
            return receipt(order);
        }

        @PostMapping("/sent-error")
        @IdempotentEndpoint(required = false)
        void sentError(HttpServletResponse response) throws IOException {
            response.addHeader("X-Run", Integer.toString(runs.incrementAndGet()));
            response.sendError(409, "not twice");
        }

        @PostMapping("/status-exception")
        @IdempotentEndpoint(required = false)
        void statusException() {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND, "none " + runs.incrementAndGet());
        }

        @PostMapping("/failure")
        @IdempotentEndpoint(required = false)
        void failure() {
            throw new IllegalStateException("run " + runs.incrementAndGet());
        }

        @PostMapping("/unwritable")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        Unwritable unwritable() {
            runs.incrementAndGet();
            return new Unwritable();
        }

        @PostMapping("/problem")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        ProblemDetail problem() {
            return ProblemDetail.forStatusAndDetail(HttpStatus.GONE, "run " + runs.incrementAndGet());
        }

        @PostMapping("/problem-exception")
        @IdempotentEndpoint(required = false)
        void problemException() {
            ProblemDetail problem =
                    ProblemDetail.forStatusAndDetail(HttpStatus.PAYMENT_REQUIRED, "run " + runs.incrementAndGet());
            throw new ErrorResponseException(HttpStatus.PAYMENT_REQUIRED, problem, null);
        }

        @PostMapping("/bad-gateway")
        @IdempotentEndpoint(required = false)
        ResponseEntity<String> badGateway() {
            return ResponseEntity.status(502).body("run " + runs.incrementAndGet());
        }

        @PostMapping("/callable")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        Callable<Receipt> callable(@RequestBody Order order) {
            return () -> receipt(order);
        }

        @PostMapping("/callable-failure")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        Callable<Receipt> callableFailure() {
            return () -> {
                runs.incrementAndGet();
                throw new Declined();
            };
        }

        @PostMapping("/callable-error")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        Callable<Receipt> callableError() {
            return () -> {
                throw new ResponseStatusException(HttpStatus.NOT_FOUND, "none " + runs.incrementAndGet());
            };
        }

        @PostMapping("/async-task")
        @IdempotentEndpoint(required = false)
        WebAsyncTask<ResponseEntity<Receipt>> asyncTask(@RequestBody Order order) {
            return new WebAsyncTask<>(5_000L, () -> ResponseEntity.accepted().body(receipt(order)));
        }

        @PostMapping("/deferred")
        @IdempotentEndpoint(required = false)
        DeferredResult<ResponseEntity<Receipt>> deferred(@RequestBody Order order) {
            DeferredResult<ResponseEntity<Receipt>> result = new DeferredResult<>();
            var unused = CompletableFuture.runAsync(() -> result.setResult(
                    ResponseEntity.created(URI.create("/orders/1")).body(receipt(order))));
            return result;
        }

        @PostMapping("/deferred-failure")
        @IdempotentEndpoint(required = false)
        DeferredResult<String> deferredFailure() {
            DeferredResult<String> result = new DeferredResult<>();
            var unused = CompletableFuture.runAsync(() -> {
                runs.incrementAndGet();
                result.setErrorResult(new IllegalStateException("deferred"));
            });
            return result;
        }

        @PostMapping("/future")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        CompletableFuture<Receipt> future(@RequestBody Order order) {
            return CompletableFuture.supplyAsync(() -> receipt(order));
        }

        @PostMapping("/mono")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        Mono<Receipt> mono(@RequestBody Order order) {
            return Mono.fromCallable(() -> receipt(order));
        }

        @PostMapping("/upload")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        String upload(@RequestParam MultipartFile file, @RequestParam String note) throws IOException {
            return file.getOriginalFilename() + " " + new String(file.getBytes(), StandardCharsets.UTF_8) + " " + note
                    + " " + runs.incrementAndGet();
        }

        @PostMapping("/form")
        @IdempotentEndpoint(required = false)
        @ResponseBody
        String form(@RequestParam String item, @RequestParam List<String> colour) {
            return item + colour + runs.incrementAndGet();
        }

        @PostMapping("/headers")
        @IdempotentEndpoint(required = false)
        void headers(HttpServletResponse response) throws IOException {
            response.addHeader("Link", "</a>; rel=\"first\"");
            response.addHeader("Link", "</b>; rel=\"next\"");
            response.setHeader("Vary", "Accept-Language");
            response.addHeader("Vary", "Accept");
            response.setLocale(Locale.CANADA_FRENCH);
            response.addIntHeader("X-Run", runs.incrementAndGet());
            response.setDateHeader("Expires", 0);
            response.addHeader("x-lower-case", "as written");
            response.getWriter().print("ça va");
        }

        @PostMapping("/compressed")
        @IdempotentEndpoint(required = false)
        void compressed(HttpServletResponse response) throws IOException {
            response.getOutputStream().print("compressed ".repeat(20) + runs.incrementAndGet());
        }

        @PostMapping("/cross-origin")
        @CrossOrigin(
                origins = {"https://one.example", "https://two.example"},
                allowCredentials = "true")
        @IdempotentEndpoint
        ResponseEntity<String> crossOrigin() {
            return ResponseEntity.ok().varyBy("X-Own").body("run " + runs.incrementAndGet());
        }

        @PostMapping("/cookie")
        @IdempotentEndpoint
        @ResponseBody
        String cookie(HttpServletResponse response) {
            response.addCookie(new Cookie("session", "secret"));
            return "run " + runs.incrementAndGet();
        }

        @PostMapping("/credentials")
        @IdempotentEndpoint
        ResponseEntity<String> credentials() {
            return ResponseEntity.ok()
                    .header("Authorization", "Bearer secret")
                    .header("Authentication-Info", "nextnonce=secret")
                    .header("x-auth-token", "secret")
                    .header("X-Csrf-Token", "secret")
                    .header("Access-Control-Allow-Origin", "https://first.example")
                    .header("Access-Control-Allow-Credentials", "true")
                    .header("X-Kept", "kept")
                    .body("run " + runs.incrementAndGet());
        }

        @PostMapping("/trailers")
        @IdempotentEndpoint(required = false)
        void trailers(HttpServletResponse response) throws IOException {
            response.setHeader("Trailer", "X-Sum");
            response.setTrailerFields(() -> Map.of("X-Sum", "7"));
            response.getWriter().print("run " + runs.incrementAndGet());
        }

        @PostMapping("/long")
        @IdempotentEndpoint
        @ResponseBody
        String tooLong() {
            return "long ".repeat(2_000) + runs.incrementAndGet();
        }
    }
}
