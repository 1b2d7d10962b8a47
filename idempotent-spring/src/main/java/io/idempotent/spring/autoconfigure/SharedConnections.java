package io.idempotent.spring.autoconfigure;

import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;
import org.apache.commons.logging.Log;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.PropertyAccessor;
import org.springframework.beans.PropertyAccessorFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.transaction.PlatformTransactionManager;

/** Whether callers in transactions and the store that they need take their connections from one pool. */
final class SharedConnections {

    private static final String DATA_SOURCE = "dataSource";

    // HikariCP's, DBCP's, Tomcat's, that of c3p0 and Oracle's, and H2's.
    private static final List<String> POOL_SIZES =
            List.of("maximumPoolSize", "maxTotal", "maxActive", "maxPoolSize", "maxConnections");

    private SharedConnections() {}

    /**
     * Says once if a store that has been made, since an operation uses it, shares the connections of transactions. It
     * is a warning where a caller in a transaction cannot get another connection at all. Otherwise it depends on how
     * many call at a time, and whoever gets no connection is told what to do.
     */
    static void tell(ConfigurableListableBeanFactory beans, Log log) {
        Arrays.stream(beans.getBeanNamesForType(IdempotencyStore.class, false, false))
                .map(beans::getSingleton)
                .map(made -> made instanceof IdempotencyStore store ? store.unwrap(JdbcIdempotencyStore.class) : null)
                .filter(Objects::nonNull)
                // A store and one that decorates it may both be beans.
                .distinct()
                .forEach(store -> {
                    List<String> sharing = transactionManagers(beans, store);
                    if (!sharing.isEmpty()) {
                        tell(sharing, mostConnections(store.ownDataSource()), log);
                    }
                });
    }

    private static void tell(List<String> sharing, @Nullable Integer most, Log log) {
        String message = "The JDBC idempotency store takes its connections from the DataSource of the transactions of "
                + sharing + (most == null ? "" : ", which has " + most + " at most")
                + ": when callers in transactions hold all that there are, each of them waits for one more to claim its"
                + " key with, and is refused by an IdempotencyStoreException when the pool's patience is over. Set"
                + " idempotent.jdbc.data-source to the bean name of another DataSource on the same database, a small"
                + " pool";
        if (most != null && most <= 1) {
            log.warn(message);
        } else {
            log.debug(message);
        }
    }

    /** How many connections a pool has at most; null for one that does not say it in words that are known. */
    private static @Nullable Integer mostConnections(DataSource dataSource) {
        PropertyAccessor properties = PropertyAccessorFactory.forBeanPropertyAccess(dataSource);
        return POOL_SIZES.stream()
                .filter(properties::isReadableProperty)
                .map(properties::getPropertyValue)
                .filter(Integer.class::isInstance)
                .map(Integer.class::cast)
                .findFirst()
                .orElse(null);
    }

    /** The bean names of those whose transactions are on the store's own connections. */
    private static List<String> transactionManagers(ListableBeanFactory beans, JdbcIdempotencyStore store) {
        return beans.getBeansOfType(PlatformTransactionManager.class).entrySet().stream()
                .filter(manager -> dataSource(manager.getValue()) == store.ownDataSource())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** What a manager of JDBC, JPA or Hibernate says: they have no type for it in common. */
    private static @Nullable Object dataSource(PlatformTransactionManager manager) {
        PropertyAccessor properties = PropertyAccessorFactory.forBeanPropertyAccess(manager);
        return properties.isReadableProperty(DATA_SOURCE) ? properties.getPropertyValue(DATA_SOURCE) : null;
    }
}
