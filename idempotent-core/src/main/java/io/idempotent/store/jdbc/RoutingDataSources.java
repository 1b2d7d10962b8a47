package io.idempotent.store.jdbc;

import io.idempotent.IdempotencyConfigurationException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Finds data sources that lead each thread to a database of its own, a tenant's for example. Other threads than those
 * that claim renew leases and purge records, and they would do so in other databases.
 *
 * <ol>
 *   <li>A data source routes if its class, or one that it extends, is named as such classes are: Spring's
 *       {@code AbstractRoutingDataSource} and what is modelled on it.
 *   <li>What a data source wraps is looked at too: what it says by {@link DataSource#isWrapperFor}, what its getters
 *       return, and what its fields hold. So is the target of a proxy.
 *   <li>What cannot be recognised is found by asking from another thread: see {@link
 *       JdbcIdempotencyStore.Builder#build}.
 * </ol>
 */
final class RoutingDataSources {

    /** What is to be done instead. */
    static final String ACTION =
            "Keep the records in one database: set idempotent.jdbc.data-source to the bean name of a DataSource that"
                    + " always leads to the same one; or declare a JdbcIdempotencyStore bean for each tenant's"
                    + " database, on that tenant's own DataSource, and choose one by the operation's store";

    private static final String OF_SPRING = "org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource";

    private static final Pattern NAME = Pattern.compile(".*(RoutingDataSource|DataSourceRouter).*");

    // What Spring's proxies keep their targets in.
    private static final String PROXY_PARTS = "org.springframework.aop.";

    private static final int MOST_OBJECTS = 200;

    private RoutingDataSources() {}

    /**
     * Refuses a data source that routes.
     *
     * @throws IdempotencyConfigurationException if it, or one that it wraps, is known to
     */
    static void refuse(DataSource dataSource) {
        Class<?> found = find(dataSource);
        if (found != null) {
            throw new IdempotencyConfigurationException(
                    "The JDBC idempotency store is on a DataSource that leads each thread to a database of its own ("
                            + found.getName()
                            + "): leases would be renewed, and records purged, in another database than"
                            + " keys are claimed in, and a method would run twice",
                    ACTION);
        }
    }

    /** The class that routes, of the data source or of one that it wraps; null if none is known to. */
    static @Nullable Class<?> find(DataSource dataSource) {
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Object> open = new ArrayDeque<>();
        open.add(dataSource);
        while (!open.isEmpty() && seen.size() < MOST_OBJECTS) {
            Object next = open.remove();
            if (!seen.add(next)) {
                continue;
            }
            if (next instanceof DataSource source) {
                Class<?> routing = routing(source);
                if (routing != null) {
                    return routing;
                }
                addFromGetters(source, open);
            }
            addFromFields(next, open);
        }
        return null;
    }

    private static @Nullable Class<?> routing(DataSource source) {
        for (Class<?> type = source.getClass(); type != null; type = type.getSuperclass()) {
            if (NAME.matcher(type.getSimpleName()).matches()) {
                return type;
            }
        }
        try {
            Class<?> spring = Class.forName(OF_SPRING, false, source.getClass().getClassLoader());
            return source.isWrapperFor(spring) ? spring : null;
        } catch (ClassNotFoundException | LinkageError | SQLException | RuntimeException unknown) {
            // There is no such class, or the data source does not say.
            return null;
        }
    }

    private static void addFromGetters(DataSource source, Deque<Object> open) {
        for (Method getter : source.getClass().getMethods()) {
            boolean wraps = getter.getName().startsWith("get")
                    && getter.getParameterCount() == 0
                    && (DataSource.class.isAssignableFrom(getter.getReturnType())
                            || getter.getName().equals("getDataSource"))
                    && !Modifier.isStatic(getter.getModifiers());
            if (wraps) {
                try {
                    if (getter.trySetAccessible()) {
                        add(getter.invoke(source), open);
                    }
                } catch (IllegalAccessException | InvocationTargetException | RuntimeException unknown) {
                    // It does not say.
                }
            }
        }
    }

    private static void addFromFields(Object object, Deque<Object> open) {
        if (Proxy.isProxyClass(object.getClass())) {
            open.add(Proxy.getInvocationHandler(object));
            return;
        }
        for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) || field.getType().isPrimitive()) {
                    continue;
                }
                try {
                    if (field.trySetAccessible()) {
                        add(field.get(object), open);
                    }
                } catch (IllegalAccessException | RuntimeException unknown) {
                    // It does not say.
                }
            }
        }
    }

    private static void add(@Nullable Object held, Deque<Object> open) {
        if (held instanceof DataSource
                || held instanceof InvocationHandler
                || (held != null && held.getClass().getName().startsWith(PROXY_PARTS))) {
            open.add(held);
        }
    }
}
