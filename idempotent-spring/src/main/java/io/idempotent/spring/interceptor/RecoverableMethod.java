package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.RedactedException;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.OutcomeCodecException;
import io.idempotent.codec.OutcomeType;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.spring.operation.Recovery;
import io.idempotent.spring.operation.RecoveryContextCustomizer;
import io.idempotent.spring.operation.RequestEncryption;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.SpringProxy;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.CoroutinesUtils;
import org.springframework.core.KotlinDetector;
import org.springframework.util.ReflectionUtils;

/**
 * A method whose abandoned executions are finished without their callers. Its calls record what they ask for; a
 * recovery reads that again and calls the bean, by its proxy, as a caller does. Safe for use by many threads.
 */
final class RecoverableMethod implements Recovery {

    private static final Log LOG = LogFactory.getLog(RecoverableMethod.class);

    // Marks of the first byte.
    private static final byte PLAIN = 0;
    private static final byte ENCRYPTED = 1;

    private final String operation;
    private final Duration after;
    private final int maxTakeovers;
    private final Method method;
    private final IdempotencyEngine engine;
    private final RecordedParts parts;
    private final OutcomeCodec codec;
    private final List<RecoveryContextCustomizer> contexts;
    private final @Nullable RequestEncryption encryption;
    private final @Nullable AsyncReturn async;
    private final AtomicBoolean warned = new AtomicBoolean();

    // Known once the application has started.
    private volatile @Nullable Supplier<?> bean;

    /**
     * Makes one.
     *
     * @param operation the operation's name
     * @param method the method as it is invoked
     * @param parts what its calls record
     * @param codec encodes that
     * @param async how the method returns what it produces later; null if it has produced it when it returns
     */
    RecoverableMethod(
            String operation,
            Duration after,
            int maxTakeovers,
            Method method,
            IdempotencyEngine engine,
            RecordedParts parts,
            OutcomeCodec codec,
            List<RecoveryContextCustomizer> contexts,
            @Nullable RequestEncryption encryption,
            @Nullable AsyncReturn async) {
        this.operation = operation;
        this.after = after;
        this.maxTakeovers = maxTakeovers;
        this.method = method;
        this.engine = engine;
        this.parts = parts;
        this.codec = codec;
        this.contexts = contexts;
        this.encryption = encryption;
        this.async = async;
    }

    /**
     * Checks that what is recorded can be encoded and read back, as far as the types tell.
     *
     * @throws IdempotencyConfigurationException if it cannot
     */
    void check() {
        for (int index = 0; index < parts.types().size(); index++) {
            OutcomeType type = OutcomeType.of(parts.types().get(index));
            try {
                codec.check(type);
            } catch (IdempotencyConfigurationException refusal) {
                throw new IdempotencyConfigurationException(
                        parts.described() + " is to be recovered, and " + parts.name(index)
                                + " cannot be recorded for that: " + refusal.description(),
                        "Record what the arguments can be made of, recover = @Idempotent.Recover(arguments ="
                                + " \"#order.id\", loadWith = \"load\") say, or do without recover",
                        refusal);
            }
            codec.remarks(type).forEach(remark -> LOG.warn(parts.described() + ", for its recovery, " + remark));
        }
    }

    void calledOn(Supplier<?> named) {
        bean = named;
    }

    boolean isCallable() {
        return bean != null;
    }

    @Override
    public Duration after() {
        return after;
    }

    @Override
    public int maxTakeovers() {
        return maxTakeovers;
    }

    // Recording

    /** Returns what a call records of itself; null if it cannot be recorded. Throws nothing that a type may cause. */
    @Nullable
    RecordedRequest request(IdempotentCall call) {
        try {
            return new RecordedRequest(seal(form(call).bytes()));
        } catch (UnrecordableException unrecordable) {
            warn(String.valueOf(unrecordable.getMessage()), null);
        } catch (RuntimeException failure) {
            // An expression, a customizer or the encryption: its message may show arguments.
            warn(failure.getClass().getName() + " was thrown", failure);
        }
        return null;
    }

    private void warn(String problem, @Nullable RuntimeException failure) {
        if (warned.compareAndSet(false, true)) {
            LOG.warn(
                    "A call of operation '" + operation + "' runs, and cannot be recovered if it is cut off, since what"
                            + " it asks for could not be recorded: " + problem
                            + ". Such a record waits for its caller, or for a person. This is said once for each"
                            + " operation",
                    failure == null ? null : RedactedException.of(failure));
        }
    }

    private RequestForm form(IdempotentCall call) {
        Map<String, String> context = new LinkedHashMap<>();
        contexts.forEach(customizer -> customizer.capture(context));
        List<@Nullable Object> values = parts.of(call);
        List<String> erased = parts.erased();
        List<RequestForm.Part> encoded = new ArrayList<>(values.size());
        for (int index = 0; index < values.size(); index++) {
            encoded.add(new RequestForm.Part(erased.get(index), encode(index, values.get(index))));
        }
        return new RequestForm(parts.reloading() != null, context, encoded);
    }

    private byte[] encode(int index, @Nullable Object value) {
        Type type = parts.types().get(index);
        RecordedOutcome recorded = codec.encode(new Outcome.Value(value), OutcomeType.of(type));
        if (recorded instanceof RecordedOutcome.Encoded encoded) {
            return encoded.content();
        }
        throw new UnrecordableException(parts.name(index)
                + (recorded instanceof RecordedOutcome.NotReplayable refused ? ": " + refused.reason() : ""));
    }

    private byte[] seal(byte[] content) {
        byte[] rest = encryption == null ? content : encryption.encrypt(operation, content);
        byte[] sealed = new byte[rest.length + 1];
        sealed[0] = encryption == null ? PLAIN : ENCRYPTED;
        System.arraycopy(rest, 0, sealed, 1, rest.length);
        return sealed;
    }

    private static final class UnrecordableException extends RuntimeException {

        private static final long serialVersionUID = 1;

        UnrecordableException(String problem) {
            super(problem, null, false, false);
        }
    }

    // Recovering

    @Override
    public Result recover(IdempotencyRecord record, RecordedRequest request) {
        RequestForm form = read(request);
        List<@Nullable Object> values = decode(form);
        RecoveredCall call = new RecoveredCall(record);
        Throwable failure = null;
        Deque<RecoveryContextCustomizer.Scope> restored = new ArrayDeque<>();
        try {
            for (RecoveryContextCustomizer customizer : contexts) {
                restored.push(customizer.restore(record.key(), Collections.unmodifiableMap(form.context())));
            }
            call(call, values);
        } catch (UnreadableRequestException unreadable) {
            if (!call.isTaken()) {
                throw unreadable;
            }
            failure = unreadable;
        } catch (Throwable thrown) {
            failure = thrown;
        } finally {
            close(restored, record);
        }
        return call.isTaken() ? result(call, failure) : notReached(record, failure);
    }

    private void call(RecoveredCall call, List<@Nullable Object> values) throws Throwable {
        Object called = called();
        @Nullable Object[] arguments = parts.arguments(values, target(called));
        Method invocable = invocable(called);
        CompletionStage<?> stage = call.carry(() -> {
            Object returned = invoke(invocable, called, arguments);
            // What returns later may be intercepted, or begun, no earlier than somebody asks for its end.
            return async == null || returned == null ? null : async.end(returned);
        });
        if (stage != null) {
            await(stage);
        }
    }

    /** The bean; where its class is woven, and no proxy reaches the method, the object itself. */
    private Object called() {
        Supplier<?> named = bean;
        if (named == null) {
            throw new IllegalStateException("The application has not started");
        }
        Object found = named.get();
        boolean hidden = Modifier.isPrivate(method.getModifiers()) || Modifier.isFinal(method.getModifiers());
        return hidden && found instanceof SpringProxy ? target(found) : found;
    }

    /** The object behind a bean's proxies. */
    private static Object target(Object found) {
        Object target = found;
        for (Object next = target; next != null; next = AopProxyUtils.getSingletonTarget(next)) {
            target = next;
        }
        return target;
    }

    private Method invocable(Object called) {
        Method invocable = AopUtils.selectInvocableMethod(method, called.getClass());
        ReflectionUtils.makeAccessible(invocable);
        return invocable;
    }

    private static @Nullable Object invoke(Method method, Object called, @Nullable Object[] arguments)
            throws Throwable {
        if (KotlinDetector.isSuspendingFunction(method)) {
            return CoroutinesUtils.invokeSuspendingFunction(method, called, arguments);
        }
        try {
            return method.invoke(called, arguments);
        } catch (InvocationTargetException thrown) {
            throw thrown.getTargetException();
        }
    }

    private static void await(CompletionStage<?> stage) throws Throwable {
        try {
            var unused = stage.toCompletableFuture().get();
        } catch (ExecutionException failed) {
            throw failed.getCause() == null ? failed : failed.getCause();
        } catch (InterruptedException interrupted) {
            // The call goes on, and ends as it does for a caller that waits no longer.
            Thread.currentThread().interrupt();
            throw interrupted;
        }
    }

    private static void close(Deque<RecoveryContextCustomizer.Scope> restored, IdempotencyRecord record) {
        for (RecoveryContextCustomizer.Scope scope : restored) {
            try {
                scope.close();
            } catch (RuntimeException failure) {
                LOG.error(
                        "What was restored to recover the idempotency key '" + record.key()
                                + "' could not be ended; the recovery itself is not affected",
                        failure);
            }
        }
    }

    private Result result(RecoveredCall call, @Nullable Throwable failure) {
        if (Thread.currentThread().isInterrupted()) {
            // The store might fail for that alone.
            return Result.NOT_FINISHED;
        }
        IdempotencyRecord now = engine.store().find(call.record().key());
        if (now != null && now.outcome() != null) {
            return Result.FINISHED;
        }
        if (failure instanceof IdempotencyClaimLostException && !call.hasRun()) {
            return Result.TAKEN;
        }
        if (failure != null) {
            // Nobody else hears of it.
            LOG.warn(
                    "The idempotency key '" + call.record().key() + "' was recovered, and failed by "
                            + failure.getClass().getName() + ": it is tried again, up to " + maxTakeovers
                            + " take-overs",
                    RedactedException.of(failure));
        }
        return Result.NOT_FINISHED;
    }

    private Result notReached(IdempotencyRecord record, @Nullable Throwable failure) {
        LOG.error(
                "The idempotency key '" + record.key() + "' was not recovered: "
                        + (failure == null
                                ? parts.described()
                                        + " was called, and the call was not intercepted on this thread. Let"
                                        + " no advice outside of ours, such as @Async, hand it to another one or answer"
                                        + " it"
                                : "its call failed before it was intercepted, by "
                                        + failure.getClass().getName() + ". Mend what failed: it is tried again"),
                failure == null ? null : RedactedException.of(failure));
        return Result.NOT_FINISHED;
    }

    private RequestForm read(RecordedRequest request) {
        byte[] sealed = request.content();
        if (sealed.length == 0) {
            throw unreadable("it is empty", null);
        }
        byte[] content = Arrays.copyOfRange(sealed, 1, sealed.length);
        if (sealed[0] == ENCRYPTED) {
            if (encryption == null) {
                throw unreadable(
                        "it is encrypted, and there is no bean of type " + RequestEncryption.class.getName(), null);
            }
            try {
                content = encryption.decrypt(operation, content);
            } catch (RuntimeException failure) {
                throw unreadable(
                        "it could not be decrypted (" + failure.getClass().getName() + ")",
                        RedactedException.of(failure));
            }
        } else if (sealed[0] != PLAIN) {
            throw unreadable("nobody knows whether it is encrypted", null);
        }
        return RequestForm.read(content);
    }

    private List<@Nullable Object> decode(RequestForm form) {
        List<String> expected = parts.erased();
        List<String> recorded =
                form.parts().stream().map(RequestForm.Part::type).toList();
        if (form.reloaded() != (parts.reloading() != null) || !recorded.equals(expected)) {
            throw unreadable(
                    "it was recorded as " + kind(form.reloaded()) + recorded + ", and would be recorded as "
                            + kind(parts.reloading() != null) + expected + " now",
                    null);
        }
        List<@Nullable Object> values = new ArrayList<>(recorded.size());
        for (int index = 0; index < recorded.size(); index++) {
            values.add(decode(index, form.parts().get(index).content()));
        }
        return values;
    }

    private static String kind(boolean reloaded) {
        return reloaded ? "a value for loadWith, of the type " : "arguments of the types ";
    }

    private @Nullable Object decode(int index, byte[] content) {
        Type type = parts.types().get(index);
        try {
            Outcome decoded = codec.decode(
                    new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, content), OutcomeType.of(type));
            return decoded instanceof Outcome.Value value ? value.value() : null;
        } catch (OutcomeCodecException failure) {
            throw unreadable(parts.name(index) + " cannot be read: " + failure.getMessage(), failure);
        }
    }

    private static UnreadableRequestException unreadable(String problem, @Nullable Throwable cause) {
        return new UnreadableRequestException(problem, cause);
    }
}
