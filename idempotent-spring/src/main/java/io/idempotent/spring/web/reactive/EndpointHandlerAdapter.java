package io.idempotent.spring.web.reactive;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.engine.OpenExecution;
import io.idempotent.engine.OpenResult;
import io.idempotent.spring.operation.ObservedCall;
import io.idempotent.spring.settings.WebSettings;
import io.idempotent.spring.web.Endpoint;
import io.idempotent.spring.web.Endpoints;
import io.idempotent.spring.web.KeyHeader;
import io.idempotent.spring.web.RecordedResponse;
import io.idempotent.spring.web.RequestFingerprint;
import io.idempotent.spring.web.UnreadableRequestException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.security.Principal;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.Ordered;
import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerCodecConfigurer;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.reactive.DispatchExceptionHandler;
import org.springframework.web.reactive.HandlerAdapter;
import org.springframework.web.reactive.HandlerResult;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.adapter.DefaultServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Claims the key of a request before the adapter behind this one runs its handler.
 *
 * <ol>
 *   <li>The key is read and checked first. A request without one is refused, or handled unprotected.
 *   <li>The caller is found. The body is read and kept, for the fingerprint and for the handler, which then needs the
 *       connection no more. A slow body holds no key.
 *   <li>A recorded response is sent. Otherwise the key is claimed, or the request is refused, which the handler's own
 *       advice answers.
 *   <li>The execution is the context of the thread that calls the handler, and of what the handler returns in Reactor's
 *       context.
 * </ol>
 */
final class EndpointHandlerAdapter implements HandlerAdapter, Ordered {

    private final Endpoints endpoints;
    private final Supplier<HandlerAdapter> behind;
    private final Supplier<Settings> settings;

    EndpointHandlerAdapter(Endpoints endpoints, Supplier<HandlerAdapter> behind, Supplier<Settings> settings) {
        this.endpoints = endpoints;
        this.behind = behind;
        this.settings = SingletonSupplier.of(settings);
    }

    /**
     * What it needs, asked for at the first request.
     *
     * @param header reads keys
     * @param fingerprint takes fingerprints
     * @param maximumBodySize the longest body of a request, in bytes
     * @param codecs read forms
     * @param resolver tells callers apart; null if their principals do
     */
    record Settings(
            KeyHeader header,
            RequestFingerprint fingerprint,
            int maximumBodySize,
            ServerCodecConfigurer codecs,
            @Nullable ReactiveScopeResolver resolver) {

        Settings(WebSettings settings, ServerCodecConfigurer codecs, @Nullable ReactiveScopeResolver resolver) {
            this(
                    new KeyHeader(settings.header()),
                    new RequestFingerprint(settings),
                    (int) settings.maximumBodySize().toBytes(),
                    codecs,
                    resolver);
        }
    }

    @Override
    public int getOrder() {
        return HIGHEST_PRECEDENCE;
    }

    @Override
    public boolean supports(Object handler) {
        return handler instanceof HandlerMethod method && endpoints.find(method) != null;
    }

    @Override
    public Mono<HandlerResult> handle(ServerWebExchange exchange, Object handler) {
        HandlerMethod method = (HandlerMethod) handler;
        Endpoint endpoint = endpoints.find(method);
        Settings known = settings.get();
        if (endpoint == null
                || (!endpoint.required()
                        && !exchange.getRequest()
                                .getHeaders()
                                .containsHeader(known.header().name()))) {
            return behind.get().handle(exchange, handler);
        }
        ObservedCall observed = endpoint.operation().observe();
        RecordingExchange recording = RecordingExchange.of(exchange);
        if (recording == null) {
            Throwable failure = unrecorded(exchange, endpoint, known);
            if (observed != null) {
                observed.answered(failure);
            }
            return RecordingRequest.drain(exchange.getRequest()).then(refuse(exchange, method, failure));
        }
        if (observed != null) {
            recording.observe(observed);
        }
        return Mono.defer(() -> open(exchange, recording, endpoint, known, observed))
                .map(opened -> proceed(exchange, recording, method, endpoint, opened))
                .onErrorResume(failure -> {
                    recording.refused(failure);
                    return Mono.just(recording.drain().then(refuse(exchange, method, failure)));
                })
                .flatMap(next -> next);
    }

    private Mono<HandlerResult> refuse(ServerWebExchange exchange, HandlerMethod handler, Throwable failure) {
        return Mono.defer(() -> behind.get().handle(exchange, new Refusal(handler, failure)));
    }

    /** Why a request is refused that is not recorded: it has no key, or the filter did not see it. */
    private static Throwable unrecorded(ServerWebExchange exchange, Endpoint endpoint, Settings known) {
        try {
            read(exchange, endpoint, known);
        } catch (IdempotencyKeyException missing) {
            return missing;
        }
        return new IdempotencyConfigurationException(
                "A request for the endpoint '" + endpoint.name() + "' did not pass "
                        + IdempotencyWebFilter.class.getName() + ", and was not run",
                "Let the filter see all requests with the header "
                        + known.header().name());
    }

    private static String read(ServerWebExchange exchange, Endpoint endpoint, Settings known) {
        KeyHeader header = known.header();
        return header.read(exchange.getRequest().getHeaders().getOrEmpty(header.name()), endpoint.name());
    }

    /** Claims the key, or finds a recorded response; does neither if the client is gone. */
    private static Mono<OpenResult<RecordedResponse>> open(
            ServerWebExchange exchange,
            RecordingExchange recording,
            Endpoint endpoint,
            Settings known,
            @Nullable ObservedCall observed) {
        String text = read(exchange, endpoint, known);
        return caller(exchange, endpoint, known.resolver())
                .map(Optional::of)
                .defaultIfEmpty(Optional.empty())
                .flatMap(caller -> {
                    IdempotencyKey key = endpoint.key(text, caller.orElse(null));
                    if (observed != null) {
                        observed.identifiedBy(key);
                    }
                    return fingerprint(recording, endpoint, known)
                            .filter(read -> recording.begin())
                            .flatMap(fingerprint -> Mono.fromFuture(
                                    () -> endpoint.operation().openAsync(key, fingerprint, observed, exchange), true));
                });
    }

    private static Mono<String> caller(
            ServerWebExchange exchange, Endpoint endpoint, @Nullable ReactiveScopeResolver resolver) {
        if (endpoint.shared()) {
            return Mono.empty();
        }
        return resolver != null
                ? resolver.resolve(exchange)
                : exchange.getPrincipal().map(Principal::getName);
    }

    /** Refuses what cannot be read as the client's fault, unless this server failed to keep it. */
    private static Mono<Fingerprint> fingerprint(RecordingExchange recording, Endpoint endpoint, Settings known) {
        if (!endpoint.fingerprint()) {
            return Mono.just(Fingerprint.none());
        }
        return content(recording, known)
                .flatMap(content -> Mono.fromCallable(
                        () -> known.fingerprint().take(content, endpoint.name(), endpoint.keepsReferences())))
                .onErrorMap(
                        failure -> !(failure instanceof IdempotencyException)
                                && !(NestedExceptionUtils.getMostSpecificCause(failure) instanceof FileSystemException),
                        failure -> new UnreadableRequestException(endpoint.name(), failure));
    }

    private static Mono<ReactiveContent> content(RecordingExchange recording, Settings known) {
        ServerHttpRequest request = recording.getRequest();
        ReactiveContent tooLong = new ReactiveContent(request, null, Map.of(), null);
        if (request.getHeaders().getContentLength() > known.maximumBodySize()) {
            return Mono.just(tooLong);
        }
        return recording
                .keepBody(known.maximumBodySize(), known.codecs())
                .map(Optional::of)
                .onErrorResume(DataBufferLimitException.class, beyond -> Mono.just(Optional.empty()))
                .flatMap(body -> body.isPresent() ? content(recording, body.get(), known) : Mono.just(tooLong));
    }

    private static Mono<ReactiveContent> content(RecordingExchange recording, byte[] body, Settings known) {
        ServerHttpRequest request = recording.getRequest();
        MediaType type = type(request);
        if (type != null && MediaType.APPLICATION_FORM_URLENCODED.equalsTypeAndSubtype(type)) {
            return recording.parser(known.codecs()).getFormData().map(form -> ReactiveContent.ofForm(request, form));
        }
        if (type != null && type.getType().equals("multipart")) {
            DefaultServerWebExchange parser = recording.parser(known.codecs());
            return parser.getMultipartData()
                    .flatMap(parts -> ReactiveContent.ofParts(request, parts))
                    .flatMap(content -> parser.cleanupMultipart().thenReturn(content));
        }
        return Mono.just(new ReactiveContent(request, ByteBuffer.wrap(body), Map.of(), null));
    }

    private static @Nullable MediaType type(ServerHttpRequest request) {
        try {
            return request.getHeaders().getContentType();
        } catch (InvalidMediaTypeException malformed) {
            // What it is, the handler will say.
            return null;
        }
    }

    private Mono<HandlerResult> proceed(
            ServerWebExchange exchange,
            RecordingExchange recording,
            HandlerMethod handler,
            Endpoint endpoint,
            OpenResult<RecordedResponse> opened) {
        if (opened instanceof OpenResult.Recorded<RecordedResponse> recorded) {
            recording.answer(recorded);
            return Mono.empty();
        }
        Invocation invocation = new Invocation(handler);
        return recording.hold(
                endpoint,
                (OpenExecution<RecordedResponse>) opened,
                invocation,
                binding -> binding.within(Mono.defer(() -> behind.get().handle(exchange, handler)))
                        .map(result -> followed(result, binding, invocation))
                        .doOnError(invocation::failed));
    }

    /** Follows what was returned, which may fail and be answered later. */
    private static HandlerResult followed(
            HandlerResult result, RecordingExchange.Binding binding, Invocation invocation) {
        invocation.returned(result);
        HandlerResult followed = new HandlerResult(
                result.getHandler(),
                within(result.getReturnValue(), binding),
                result.getReturnTypeSource(),
                result.getBindingContext());
        DispatchExceptionHandler answering = result.getExceptionHandler();
        if (answering != null) {
            followed.setExceptionHandler((exchange, failure) -> {
                invocation.failed(failure);
                return answering.handleError(exchange, failure);
            });
        }
        return followed;
    }

    private static @Nullable Object within(@Nullable Object value, RecordingExchange.Binding binding) {
        ReactiveAdapter adapter = value == null || value instanceof CompletionStage
                ? null
                : ReactiveAdapterRegistry.getSharedInstance().getAdapter(value.getClass());
        return adapter == null || adapter.isMultiValue()
                ? value
                : adapter.fromPublisher(binding.within(Mono.from(adapter.toPublisher(value))));
    }
}
