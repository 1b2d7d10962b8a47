package io.idempotent.spring.reactive;

import io.idempotent.IdempotencyContext;
import io.idempotent.engine.CallScope;
import io.idempotent.engine.Execution;
import io.idempotent.spring.interceptor.AsyncReturn;
import java.lang.reflect.Type;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ReactiveAdapter;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.util.context.ContextView;

/**
 * Returns a type of one value that Spring adapts to Reactor's. Each subscription is a call of its own, whose work sees
 * the subscriber's context and in it the execution.
 *
 * @param adapter adapts the type
 */
record ReactiveReturn(ReactiveAdapter adapter, Type valueType) implements AsyncReturn {

    @Override
    public boolean isRepeatable() {
        return true;
    }

    @Override
    public Object answer(Calls calls) {
        return adapter.fromPublisher(Mono.deferContextual(context -> {
            Mono<Object> call = Mono.create(sink -> call(calls, context, sink));
            return context.isEmpty() ? call : EnclosingTransaction.refuse().then(call);
        }));
    }

    private void call(Calls calls, ContextView context, MonoSink<Object> sink) {
        CompletableFuture<@Nullable Object> answer =
                calls.make(new Subscriber(adapter, context), cancel -> sink.onCancel(cancel::run));
        var unused = answer.whenComplete((value, failure) -> {
            if (failure != null) {
                sink.error(failure);
            } else {
                sink.success(value);
            }
        });
    }

    @Override
    public Object failed(Throwable failure) {
        return adapter.fromPublisher(Mono.error(failure));
    }

    @Override
    public CompletionStage<?> end(Object returned) {
        return Mono.from(adapter.toPublisher(returned)).toFuture();
    }

    private record Subscriber(ReactiveAdapter adapter, ContextView view) implements Caller {

        @Override
        public @Nullable IdempotencyContext context() {
            return ReactiveIdempotencyContext.find(view);
        }

        @Override
        public CallScope scope() {
            return PropagatedContext.capture(view);
        }

        @Override
        public @Nullable CompletionStage<@Nullable Object> begin(@Nullable Object returned, Execution execution) {
            return returned == null
                    ? null
                    : Mono.<Object>from(adapter.toPublisher(returned))
                            .contextWrite(context -> ReactiveIdempotencyContext.put(context, execution))
                            // What this thread knows: the call's observation, in place of the subscriber's.
                            .contextCapture()
                            .contextWrite(view)
                            .toFuture();
        }
    }
}
