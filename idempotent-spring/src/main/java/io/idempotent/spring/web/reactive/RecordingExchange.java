package io.idempotent.spring.web.reactive;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.engine.OpenExecution;
import io.idempotent.engine.OpenResult;
import io.idempotent.spring.operation.ObservedCall;
import io.idempotent.spring.reactive.ReactiveIdempotencyContext;
import io.idempotent.spring.web.Endpoint;
import io.idempotent.spring.web.RecordedResponse;
import io.idempotent.spring.web.RecordingRules;
import io.idempotent.spring.web.SecurityFailure;
import io.idempotent.spring.web.StatusRules.Rule;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.codec.ServerCodecConfigurer;
import org.springframework.http.codec.multipart.Part;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.util.MultiValueMap;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.ServerWebExchangeDecorator;
import org.springframework.web.server.adapter.DefaultServerWebExchange;
import org.springframework.web.server.i18n.AcceptHeaderLocaleContextResolver;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * One request with a key header. Its signals come one after the other, but for the client's going away.
 *
 * <ol>
 *   <li>The filter begins it. It passes all through until the adapter claims the key or finds a recorded response; from
 *       then on the response is kept back.
 *   <li>The client may go away. Before the key is claimed that ends the request. While it is being claimed, the key is
 *       released, and the handler does not begin. Afterwards the handler goes on, and its response is recorded.
 *   <li>What no advice answers is answered in here, by the application's handlers of web exceptions, so that it is
 *       recorded; but failures of Spring Security, by which the caller must not go on, leave the filter. They release
 *       the key, or abandon it where the handler had begun and somebody finds out what it did.
 *   <li>The status of the response decides: the response is recorded, or the key is released or abandoned. The key is
 *       also released if an argument of the handler was refused, or if it met a conflict of another key that passes.
 *   <li>If a successor has recorded another response meanwhile, that one is sent.
 * </ol>
 */
final class RecordingExchange extends ServerWebExchangeDecorator {

    private static final String ATTRIBUTE = RecordingExchange.class.getName();

    private final RecordingRequest request;
    private final ReactiveRules rules;
    private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.PASSING);
    private volatile boolean gone;

    private volatile RecordingResponse response;
    private volatile @Nullable DefaultServerWebExchange parsed;
    private volatile @Nullable Held held;
    private volatile @Nullable ObservedCall observed;
    private volatile @Nullable Throwable failure;

    // What is answered as an error that has no page, and is recorded so.
    private volatile @Nullable Throwable unanswered;

    private enum Stage {
        PASSING,
        CLAIMED,
        OVER
    }

    /**
     * The key that is held.
     *
     * @param endpoint the endpoint that was called
     * @param execution holds the key
     * @param invocation how far the request came with its handler
     */
    private record Held(Endpoint endpoint, OpenExecution<RecordedResponse> execution, Invocation invocation) {}

    RecordingExchange(ServerWebExchange exchange, int maximumResponseSize, ReactiveRules rules) {
        super(exchange);
        this.request = new RecordingRequest(exchange.getRequest());
        this.response = new RecordingResponse(exchange.getResponse(), maximumResponseSize);
        this.rules = rules;
        exchange.getAttributes().put(ATTRIBUTE, this);
    }

    static @Nullable RecordingExchange of(ServerWebExchange exchange) {
        return exchange.getAttribute(ATTRIBUTE);
    }

    @Override
    public ServerHttpRequest getRequest() {
        return request;
    }

    @Override
    public ServerHttpResponse getResponse() {
        return response;
    }

    @Override
    public Mono<MultiValueMap<String, String>> getFormData() {
        DefaultServerWebExchange ours = parsed;
        return ours == null ? super.getFormData() : ours.getFormData();
    }

    @Override
    public Mono<MultiValueMap<String, Part>> getMultipartData() {
        DefaultServerWebExchange ours = parsed;
        return ours == null ? super.getMultipartData() : ours.getMultipartData();
    }

    @Override
    public Mono<Void> cleanupMultipart() {
        DefaultServerWebExchange ours = parsed;
        return ours == null ? super.cleanupMultipart() : ours.cleanupMultipart();
    }

    /** Reads the whole body. From now on the request is read from what is kept, as often as somebody asks for it. */
    Mono<byte[]> keepBody(int maximumBodySize, ServerCodecConfigurer codecs) {
        return request.keep(maximumBodySize).doOnNext(bytes -> parsed = parser(codecs));
    }

    /** Reads what nobody has asked for of the body. */
    Mono<Void> drain() {
        return request.drain();
    }

    /** What parses the kept body anew. */
    DefaultServerWebExchange parser(ServerCodecConfigurer codecs) {
        return new DefaultServerWebExchange(
                request, response, exchange -> Mono.empty(), codecs, new AcceptHeaderLocaleContextResolver());
    }

    /** Serves the request. Only what passes through depends on the connection. */
    Mono<Void> serve(Mono<Void> work) {
        return Mono.deferContextual(context -> {
            CompletableFuture<Void> over = new CompletableFuture<>();
            Disposable running = work.onErrorResume(this::failed)
                    .then(Mono.defer(() -> response.setComplete()))
                    .then(Mono.defer(this::settle))
                    .onErrorResume(this::giveUp)
                    .then(Mono.defer(this::rethrow))
                    .onErrorResume(leaving -> cleanUp().then(Mono.error(leaving)))
                    .then(Mono.defer(this::cleanUp))
                    .contextWrite(context)
                    .subscribe(none -> {}, over::completeExceptionally, () -> over.complete(null));
            return Mono.fromFuture(over, true)
                    .then(Mono.defer(() -> response.send()))
                    .doOnCancel(() -> cancel(running));
        });
    }

    private Mono<Void> cleanUp() {
        Mono<Void> drained = gone || stage.get() != Stage.CLAIMED ? Mono.empty() : drain();
        return parsed == null ? drained : drained.then(cleanupMultipart());
    }

    private void cancel(Disposable running) {
        gone = true;
        if (stage.compareAndSet(Stage.PASSING, Stage.OVER)) {
            running.dispose();
        }
    }

    /** Whether the key may be claimed. From now on what has begun is brought to its end. */
    boolean begin() {
        return stage.compareAndSet(Stage.PASSING, Stage.CLAIMED);
    }

    void observe(ObservedCall call) {
        observed = call;
    }

    /** The key was not claimed, and advice answers that. */
    void refused(Throwable refusal) {
        failure = refusal;
    }

    /** Answers the request by a recorded response. */
    void answer(OpenResult.Recorded<RecordedResponse> recorded) {
        response.record();
        replay(recorded.value(), recorded.traceId());
    }

    private void replay(RecordedResponse recorded, @Nullable String traceId) {
        response.replay(recorded, rules.recording().headers(), rules.recording().traceHeader(), traceId);
    }

    /** Holds the key, and runs the handler. */
    <T> Mono<T> hold(
            Endpoint endpoint,
            OpenExecution<RecordedResponse> execution,
            Invocation invocation,
            Function<Binding, Mono<T>> handler) {
        if (gone) {
            return Mono.fromFuture(() -> execution.releaseAsync(null), true).then(Mono.empty());
        }
        held = new Held(endpoint, execution, invocation);
        response.record();
        return handler.apply(new Binding(endpoint, execution, observed));
    }

    /**
     * Makes work part of the execution.
     *
     * @param endpoint the endpoint that was called
     * @param execution holds the key
     * @param observed observes the call; null if nobody does
     */
    record Binding(
            Endpoint endpoint,
            OpenExecution<RecordedResponse> execution,
            @Nullable ObservedCall observed) {

        /** The execution is the context of the thread that subscribes, while it does, and in Reactor's context. */
        <T> Mono<T> within(Mono<T> work) {
            return Mono.<T>from(subscriber -> {
                        OpenExecution.Binding bound = endpoint.operation().bind(execution, observed);
                        try {
                            work.subscribe(subscriber);
                        } finally {
                            bound.close();
                        }
                    })
                    .contextWrite(context -> context.put(ReactiveIdempotencyContext.KEY, execution.context()));
        }
    }

    /** The key that is still held; null if there is none. */
    private @Nullable Held open() {
        Held now = held;
        return now != null && now.execution().isOpen() ? now : null;
    }

    /** Answers what no advice has answered. */
    private Mono<Void> failed(Throwable thrown) {
        failure = thrown;
        Held open = open();
        if (open == null) {
            response.handOut();
            return tell(thrown).then(Mono.error(thrown));
        }
        if (response.isCommitted()) {
            return Mono.error(thrown);
        }
        open.invocation().failed(thrown);
        if (SecurityFailure.isIn(thrown)) {
            response = response.anew();
            response.handOut();
            return endedBySecurity(open, thrown).then(Mono.error(thrown));
        }
        return rules.failures().answer(this, thrown).onErrorResume(nobodys -> {
            response.setStatusCode(HttpStatus.INTERNAL_SERVER_ERROR);
            unanswered = nobodys;
            return Mono.empty();
        });
    }

    /** Leaves what nobody has answered to whoever does so for all requests, once the error is recorded. */
    private Mono<Void> rethrow() {
        Throwable nobodys = unanswered;
        if (nobodys == null) {
            return Mono.empty();
        }
        response.handOut();
        return Mono.error(nobodys);
    }

    private static Mono<Void> endedBySecurity(Held open, Throwable thrown) {
        return open.endpoint().keepsUnknown() && !open.invocation().isUntouched()
                ? abandon(open)
                : Mono.fromFuture(() -> open.execution().releaseAsync(thrown), true)
                        .then();
    }

    private static Mono<Void> abandon(Held open) {
        return Mono.fromFuture(() -> open.execution().abandonAsync(), true).then();
    }

    private static Mono<Void> notReplayable(Held open, String reason) {
        return Mono.fromFuture(() -> open.execution().completeNotReplayableAsync(reason), true)
                .then();
    }

    /** Ends an execution whose response nobody has. */
    private Mono<Void> giveUp(Throwable unsettled) {
        Held open = open();
        Mono<Void> ended;
        if (open == null) {
            ended = Mono.empty();
        } else if (open.endpoint().keepsUnknown()) {
            ended = abandon(open);
        } else {
            ended = notReplayable(open, "its response could not be recorded");
        }
        return ended.then(tell(unsettled)).then(Mono.error(unsettled));
    }

    private Mono<Void> tell(@Nullable Throwable answered) {
        return Mono.fromRunnable(() -> {
            ObservedCall call = observed;
            observed = null;
            if (call != null) {
                call.answered(answered);
            }
        });
    }

    private Mono<Void> settle() {
        Held open = open();
        Mono<Void> settled = open == null ? Mono.empty() : settle(open);
        return settled.then(Mono.defer(() -> tell(failure)));
    }

    private Mono<Void> settle(Held open) {
        Throwable answered = open.invocation().failure();
        failure = failure == null ? answered : failure;
        return switch (rule(open, answered)) {
            case RELEASE ->
                Mono.fromFuture(() -> open.execution().releaseAsync(null), true).then();
            case UNKNOWN -> abandon(open);
            case RECORD ->
                response.isTooLong()
                        ? notReplayable(open, RecordingRules.TOO_LONG)
                        : rules.recording()
                                .<Mono<Void>>customize(
                                        response.recorded(rules.recording().headers()),
                                        this,
                                        open.execution().context().key(),
                                        recorded -> record(open, recorded),
                                        reason -> notReplayable(open, reason));
        };
    }

    private Rule rule(Held open, @Nullable Throwable answered) {
        if (open.invocation().isUntouched()
                || answered instanceof IdempotencyInProgressException
                || answered instanceof IdempotencyClaimLostException) {
            return Rule.RELEASE;
        }
        return rules.recording().statuses().of(response.status());
    }

    @SuppressWarnings("ReferenceEquality")
    private Mono<Void> record(Held open, RecordedResponse toRecord) {
        return Mono.fromFuture(() -> open.execution().completeAsync(toRecord), true)
                // Whoever reads the response must not keep a thread that asks the store.
                .publishOn(Schedulers.parallel())
                .doOnNext(answer -> {
                    if (answer != toRecord) {
                        response = response.anew();
                        replay(answer, null);
                    }
                })
                .then()
                .onErrorResume(lost -> refuse(open, lost));
    }

    /** Answers what was thrown after the handler was done. */
    private Mono<Void> refuse(Held open, Throwable lost) {
        failure = lost;
        response = response.anew();
        return rules.failures()
                .refuse(this, open.invocation().handler(), lost)
                .onErrorResume(unanswered -> rules.failures().answer(this, unanswered))
                .onErrorResume(unanswered -> Mono.error(new ResponseStatusException(
                        HttpStatus.INTERNAL_SERVER_ERROR, "The response cannot be given", unanswered)));
    }
}
