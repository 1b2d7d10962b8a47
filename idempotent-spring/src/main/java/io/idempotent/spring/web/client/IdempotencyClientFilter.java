package io.idempotent.spring.web.client;

import io.idempotent.IdempotencyContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.ExchangeFilterFunction;
import org.springframework.web.reactive.function.client.ExchangeFunction;
import org.springframework.web.reactive.function.client.WebClientRequestException;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;
import reactor.util.context.ContextView;

/**
 * Sends an idempotency key with the requests of a {@code WebClient}, and repeats them as their answers allow, by the
 * rules of {@link IdempotencyClientInterceptor}, which makes it too.
 *
 * <pre>{@code
 * WebClient bank = WebClient.builder()
 *         .filter(IdempotencyClientInterceptor.builder().buildFilter())
 *         .build();
 * }</pre>
 *
 * <p>The key is made when the call is subscribed to. Its execution is the one in the Reactor context, or else the one
 * of the thread that subscribes. A request is repeated after what is not answered because of an {@link IOException} or
 * a timeout of the connection. No thread waits in a pause; the connection of an answer that is not the last is given
 * back before it. The body of a repeated request has to be one that can be written again.
 *
 * <p>Filters that are added later run anew with each repetition; those added earlier see one call. Immutable, and safe
 * for use by many threads and clients.
 */
public final class IdempotencyClientFilter implements ExchangeFilterFunction {

    // The name of the context in Reactor's, as the package reactive has it.
    private static final String CONTEXT = IdempotencyContext.class.getName();

    private static final String TIMEOUTS_OF_NETTY = "io.netty.handler.timeout.";

    private final ClientRules rules;

    IdempotencyClientFilter(ClientRules rules) {
        this.rules = rules;
    }

    /**
     * {@inheritDoc}
     *
     * @return fails with an {@link IllegalArgumentException} if the request needs a key, and what it has as {@link
     *     IdempotencyClientInterceptor#NAME} is no name
     */
    @Override
    public Mono<ClientResponse> filter(ClientRequest request, ExchangeFunction next) {
        if (request.headers().containsHeader(rules.header())) {
            return Mono.defer(() -> send(request, next, new Repetitions(rules), new ArrayList<>()));
        }
        if (!rules.methods().contains(request.method())) {
            return next.exchange(request);
        }
        return Mono.deferContextual(view -> {
            Object name = request.attributes().get(ClientRules.NAME);
            String key = rules.key(request.method(), request.url(), name, context(view));
            ClientRequest keyed =
                    ClientRequest.from(request).header(rules.header(), key).build();
            return send(keyed, next, new Repetitions(rules), new ArrayList<>());
        });
    }

    private static @Nullable IdempotencyContext context(ContextView view) {
        Object found = view.getOrDefault(CONTEXT, null);
        return found instanceof IdempotencyContext context ? context : IdempotencyContext.currentOrNull();
    }

    private static Mono<ClientResponse> send(
            ClientRequest request, ExchangeFunction next, Repetitions repetitions, List<Throwable> earlier) {
        return next.exchange(request).materialize().flatMap(answered -> {
            Mono<Void> pause = pause(answered, repetitions);
            Throwable failure = answered.getThrowable();
            if (pause == null) {
                earlier.forEach(one -> suppress(failure, one));
                return Mono.just(answered).dematerialize();
            }
            if (failure != null) {
                earlier.add(failure);
            }
            return pause.then(Mono.defer(() -> send(request, next, repetitions, earlier)));
        });
    }

    private static void suppress(@Nullable Throwable failure, Throwable earlier) {
        if (failure != null && failure != earlier) {
            failure.addSuppressed(earlier);
        }
    }

    /** The pause before a repetition; null if what was answered is the caller's. */
    private static @Nullable Mono<Void> pause(Signal<ClientResponse> answered, Repetitions repetitions) {
        ClientResponse answer = answered.get();
        Throwable failure = answered.getThrowable();
        long millis = Repetitions.STOP;
        if (answer != null) {
            int status = answer.statusCode().value();
            Duration asked = repetitions.pause(status, answer.headers().asHttpHeaders());
            millis = asked == null ? Repetitions.STOP : repetitions.afterAnswer(status, asked);
        } else if (failure != null && isUnanswered(failure)) {
            millis = repetitions.afterFailure();
        }
        if (millis == Repetitions.STOP) {
            return null;
        }
        Mono<Void> pause = Mono.delay(Duration.ofMillis(millis)).then();
        return answer == null ? pause : answer.releaseBody().then(pause);
    }

    private static boolean isUnanswered(Throwable failure) {
        Throwable cause = failure instanceof WebClientRequestException ? failure.getCause() : failure;
        return cause instanceof IOException
                || cause instanceof TimeoutException
                || (cause != null && cause.getClass().getName().startsWith(TIMEOUTS_OF_NETTY));
    }
}
