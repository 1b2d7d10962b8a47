package io.idempotent.spring.store.redis;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.OnOneJdk;
import io.idempotent.fault.NetworkFaultContract;
import io.idempotent.server.RedisServer;
import io.idempotent.server.TcpProxy;
import io.idempotent.store.IdempotencyStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/** The network between the Redis store and Redis, for all drivers. */
@OnOneJdk("NetworkFaultContract on PostgreSQL runs on both")
abstract class RedisNetworkFaultContract extends NetworkFaultContract {

    private final String keyPrefix = UUID.randomUUID() + ":";
    private final Driver driver;
    private final RedisConnectionFactory direct;
    private final ShiftedTime time;

    private RedisConnectionFactory connections;

    RedisNetworkFaultContract(Driver driver) {
        this.driver = driver;
        this.direct = driver.connect(RedisServer.shared().port());
        this.time = new ShiftedTime(direct, keyPrefix);
    }

    @Override
    protected final TcpProxy newProxy() {
        return new TcpProxy(RedisServer.shared().host(), RedisServer.shared().port());
    }

    @Override
    protected final IdempotencyStore connect(TcpProxy proxy, Duration patience) {
        connections = driver.connect(proxy.port(), 0, patience);
        return time.over(noticing(proxy, new RedisIdempotencyStore(connections, keyPrefix)));
    }

    @Override
    protected final IdempotencyStore otherNode() {
        return time.over(new RedisIdempotencyStore(direct, keyPrefix));
    }

    @Override
    protected final void elapse(Duration duration) {
        time.elapse(duration);
    }

    @AfterEach
    void disconnect() throws Exception {
        ((DisposableBean) connections).destroy();
        ((DisposableBean) direct).destroy();
    }

    /**
     * Lets the system notice that a connection is dead when a request has failed on it: Lettuce has one for all, keeps
     * it for as long as the system does, and so would fail until then.
     */
    private static IdempotencyStore noticing(TcpProxy proxy, IdempotencyStore store) {
        return (IdempotencyStore) Proxy.newProxyInstance(
                IdempotencyStore.class.getClassLoader(),
                new Class<?>[] {IdempotencyStore.class},
                (self, method, arguments) -> {
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException thrown) {
                        if (thrown.getCause() instanceof IdempotencyStoreException) {
                            proxy.cutBlackHoles();
                        }
                        throw thrown.getCause();
                    }
                });
    }
}
