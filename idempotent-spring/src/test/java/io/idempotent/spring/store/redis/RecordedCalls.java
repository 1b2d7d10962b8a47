package io.idempotent.spring.store.redis;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.data.redis.connection.RedisClusterConnection;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisScriptingCommands;
import org.springframework.data.redis.connection.RedisZSetCommands;

/** Remembers with which keys scripts are called. */
final class RecordedCalls {

    /** One call of a script. */
    record Call(String command, List<String> keys) {}

    final List<Call> calls = new CopyOnWriteArrayList<>();

    RedisConnectionFactory over(RedisConnectionFactory connectionFactory) {
        return over(connectionFactory, () -> {});
    }

    /** Does something each time after an entry was made in an index. */
    RedisConnectionFactory over(RedisConnectionFactory connectionFactory, Runnable afterEntry) {
        return wrap(RedisConnectionFactory.class, connectionFactory, (method, result) -> {
            return result instanceof RedisConnection connection ? over(connection, afterEntry) : result;
        });
    }

    private RedisConnection over(RedisConnection connection, Runnable afterEntry) {
        Class<? extends RedisConnection> type =
                connection instanceof RedisClusterConnection ? RedisClusterConnection.class : RedisConnection.class;
        return wrapAs(type, connection, (method, result) -> {
            if (result instanceof RedisScriptingCommands commands
                    && method.getName().equals("scriptingCommands")) {
                return wrap(RedisScriptingCommands.class, commands, (command, answer) -> answer);
            }
            if (result instanceof RedisZSetCommands commands && method.getName().equals("zSetCommands")) {
                return wrap(RedisZSetCommands.class, commands, (command, answer) -> {
                    if (command.getName().equals("zAdd")) {
                        afterEntry.run();
                    }
                    return answer;
                });
            }
            return result;
        });
    }

    private void record(Method method, Object[] arguments) {
        if (method.getDeclaringClass() == RedisScriptingCommands.class) {
            byte[][] keysAndArguments = (byte[][]) arguments[3];
            calls.add(new Call(
                    method.getName(),
                    Arrays.stream(keysAndArguments)
                            .limit((int) arguments[2])
                            .map(key -> new String(key, StandardCharsets.UTF_8))
                            .toList()));
        }
    }

    private interface Answer {
        Object of(Method method, Object result);
    }

    private <T, S extends T> T wrapAs(Class<S> type, T target, Answer answer) {
        return wrap(type, type.cast(target), answer);
    }

    private <T> T wrap(Class<T> type, T target, Answer answer) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    record(method, arguments);
                    try {
                        return answer.of(method, method.invoke(target, arguments));
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                }));
    }
}
