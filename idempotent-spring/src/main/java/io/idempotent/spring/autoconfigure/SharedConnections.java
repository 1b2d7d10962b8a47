package io.idempotent.spring.autoconfigure;

import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
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

    private SharedConnections() {}

    /** Warns once if a store that has been made, since an operation uses it, shares the connections of transactions. */
    static void warn(ConfigurableListableBeanFactory beans, Log log) {
        Set<String> sharing = new TreeSet<>();
        for (String name : beans.getBeanNamesForType(JdbcIdempotencyStore.class, false, false)) {
            if (beans.getSingleton(name) instanceof JdbcIdempotencyStore store) {
                sharing.addAll(transactionManagers(beans, store));
            }
        }
        if (!sharing.isEmpty()) {
            log.warn("The JDBC idempotency store takes its connections from the DataSource of the transactions of "
                    + sharing
                    + ": when callers in transactions hold all that there are, each of them waits for one more"
                    + " to claim its key with, and is refused by an IdempotencyStoreException when the pool's patience is"
                    + " over. Set idempotent.jdbc.data-source to the bean name of another DataSource on the same"
                    + " database, a small pool, or to that of this one if it has connections enough");
        }
    }

    /** The bean names of those whose transactions are on the store's own connections. */
    private static List<String> transactionManagers(ListableBeanFactory beans, JdbcIdempotencyStore store) {
        return beans.getBeansOfType(PlatformTransactionManager.class).entrySet().stream()
                .filter(manager -> dataSource(manager.getValue()) == store.ownDataSource())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** What a manager says, be it of JDBC, JPA or Hibernate: they have no type for it in common. */
    private static @Nullable Object dataSource(PlatformTransactionManager manager) {
        PropertyAccessor properties = PropertyAccessorFactory.forBeanPropertyAccess(manager);
        return properties.isReadableProperty(DATA_SOURCE) ? properties.getPropertyValue(DATA_SOURCE) : null;
    }
}
