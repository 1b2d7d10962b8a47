package io.idempotent.benchmarks;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisScriptingCommands;

/** Hears which statements and scripts a store asks for, so that the same can be asked for by hand. */
public final class StatementRecorder {

    private static final Set<String> ASKING = Set.of("prepareStatement", "evalSha");

    private static final Set<Class<?>> FOLLOWED =
            Set.of(Connection.class, RedisConnection.class, RedisScriptingCommands.class);

    private final List<String> heard = new ArrayList<>();

    /** Makes one that has heard nothing. */
    public StatementRecorder() {}

    /** What was asked for since this was called last: texts of statements, digests of scripts. */
    public List<String> drain() {
        List<String> statements = List.copyOf(heard);
        heard.clear();
        return statements;
    }

    /** The same source of connections, with everything that they are asked for heard. */
    public <T> T listenTo(Class<T> type, T source) {
        Object listening =
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    if (ASKING.contains(method.getName())) {
                        heard.add((String) arguments[0]);
                    }
                    try {
                        Object result = method.invoke(source, arguments);
                        return FOLLOWED.contains(method.getReturnType())
                                ? follow(method.getReturnType(), result)
                                : result;
                    } catch (InvocationTargetException failure) {
                        throw failure.getCause();
                    }
                });
        return type.cast(listening);
    }

    private <T> T follow(Class<T> type, Object result) {
        return listenTo(type, type.cast(result));
    }
}
