package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyKey;
import io.idempotent.spring.DurableBackend;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.operation.ConfiguredOperation;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.Recovery;
import io.idempotent.spring.operation.Recovery.Result;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import java.util.Map;
import java.util.Objects;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;

/** An application whose executions are cut off and recovered by hand. */
public final class RecoveringApplication implements AutoCloseable {

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    private final DurableBackend.Connected connected;
    private final CrashingStore store;
    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

    private RecoveringApplication(DurableBackend.Connected connected) {
        this.connected = connected;
        this.store = new CrashingStore(connected.store());
    }

    /** Starts one on the store at an address. */
    public static RecoveringApplication start(DurableBackend backend, String address, Customizer customizer) {
        return start(backend, address, Map.of(), customizer);
    }

    /** Starts one with properties. */
    public static RecoveringApplication start(
            DurableBackend backend, String address, Map<String, Object> properties, Customizer customizer) {
        RecoveringApplication application = new RecoveringApplication(backend.connect(address));
        application.context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test", properties));
        application.context.register(Enabled.class);
        application.context.registerBean(IdempotencyStore.class, () -> application.store);
        customizer.customize(application.context);
        application.context.refresh();
        return application;
    }

    public <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    public ApplicationContext context() {
        return context;
    }

    public CrashingStore store() {
        return store;
    }

    /** Makes a call whose owner dies; what the caller would get is nobody's. */
    public void cutOff(Call call) {
        store.crash(true);
        try {
            call.make();
        } catch (Throwable nobodyGetsIt) {
            Objects.requireNonNull(nobodyGetsIt);
        } finally {
            store.crash(false);
        }
    }

    public static IdempotencyKey key(String operation, String value) {
        return IdempotencyKey.of(operation, value);
    }

    public Recovery recovery(String operation) {
        OperationRegistry registry = context.getBean(OperationRegistry.class);
        return registry.ofOperation(operation).stream()
                .map(ConfiguredOperation::recovery)
                .filter(Objects::nonNull)
                .findFirst()
                .orElseThrow();
    }

    /** Recovers the record as it is now. */
    public Result recover(IdempotencyKey key) {
        IdempotencyRecord record = store.record(key);
        return recovery(key.operation()).recover(record, Objects.requireNonNull(store.request(key), "no request"));
    }

    @Override
    public void close() {
        context.close();
        connected.close();
    }

    /** Registers what else the application has. */
    @FunctionalInterface
    public interface Customizer {

        void customize(AnnotationConfigApplicationContext context);
    }

    /** A call. */
    @FunctionalInterface
    public interface Call {

        void make() throws Throwable;
    }
}
