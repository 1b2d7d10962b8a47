package io.idempotent.spring.store.redis;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisScriptingCommands;

/** Remembers with which keys scripts are called. */
final class RecordedCalls {

    /** One call of a script. */
    record Call(String command, int numberOfKeys, String firstKey) {}

    final List<Call> calls = new CopyOnWriteArrayList<>();

    RedisConnectionFactory over(RedisConnectionFactory connectionFactory) {
        return wrap(RedisConnectionFactory.class, connectionFactory, (method, arguments, result) -> {
            return result instanceof RedisConnection connection ? over(connection) : result;
        });
    }

    private RedisConnection over(RedisConnection connection) {
        return wrap(RedisConnection.class, connection, (method, arguments, result) -> {
            return result instanceof RedisScriptingCommands commands
                            && method.getName().equals("scriptingCommands")
                    ? over(commands)
                    : result;
        });
    }

    private RedisScriptingCommands over(RedisScriptingCommands commands) {
        return wrap(RedisScriptingCommands.class, commands, (method, arguments, result) -> result);
    }

    private void record(Method method, Object[] arguments) {
        if (method.getDeclaringClass() == RedisScriptingCommands.class) {
            byte[][] keysAndArguments = (byte[][]) arguments[3];
            calls.add(new Call(
                    method.getName(), (int) arguments[2], new String(keysAndArguments[0], StandardCharsets.UTF_8)));
        }
    }

    private interface Answer {
        Object of(Method method, Object[] arguments, Object result);
    }

    private <T> T wrap(Class<T> type, T target, Answer answer) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    record(method, arguments);
                    try {
                        return answer.of(method, arguments, method.invoke(target, arguments));
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                }));
    }
}
