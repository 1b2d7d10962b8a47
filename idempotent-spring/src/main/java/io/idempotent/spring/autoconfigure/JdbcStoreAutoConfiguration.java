package io.idempotent.spring.autoconfigure;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.settings.JdbcSettings;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import javax.sql.DataSource;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanNotOfRequiredTypeException;
import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;

/**
 * Offers the store {@code jdbc} where there is a {@link DataSource}. It is made, and its table looked at, when the
 * first operation uses it.
 */
@AutoConfiguration(
        before = IdempotencyAutoConfiguration.class,
        afterName = "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration")
@ConditionalOnClass(name = "org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy")
@ConditionalOnBean(DataSource.class)
public final class JdbcStoreAutoConfiguration {

    private static final Log LOG = LogFactory.getLog(JdbcIdempotencyStore.class);

    /** For Spring Boot. */
    JdbcStoreAutoConfiguration() {}

    @Bean
    @Lazy
    @ConditionalOnMissingBean
    static JdbcIdempotencyStore jdbcIdempotencyStore(IdempotencySettings settings, BeanFactory beans) {
        JdbcSettings jdbc = settings.jdbc();
        JdbcIdempotencyStore.Builder builder =
                jdbc.applyTo(JdbcIdempotencyStore.builder(withoutTransactions(dataSource(jdbc, beans)))
                        .errorHandler(LOG::warn));
        if (jdbc.dataSource() != null) {
            // With connections of its own, the store can still take part in the transactions of the others.
            DataSource callers = beans.getBeanProvider(DataSource.class).getIfUnique();
            if (callers != null) {
                builder.transactionsOf(withoutTransactions(callers));
            }
        }
        return builder.build();
    }

    /** Asked when all operations are resolved, and so the stores made that they use. */
    @Bean
    static ApplicationListener<ContextRefreshedEvent> sharedConnectionsWarning(
            IdempotencySettings settings, ConfigurableListableBeanFactory beans) {
        return refreshed -> {
            if (settings.jdbc().dataSource() == null
                    && refreshed.getApplicationContext().getAutowireCapableBeanFactory() == beans) {
                SharedConnections.tell(beans, LOG);
            }
        };
    }

    private static DataSource dataSource(JdbcSettings jdbc, BeanFactory beans) {
        try {
            return jdbc.dataSource() == null
                    ? beans.getBean(DataSource.class)
                    : beans.getBean(jdbc.dataSource(), DataSource.class);
        } catch (NoSuchBeanDefinitionException | BeanNotOfRequiredTypeException failure) {
            throw new IdempotencyConfigurationException(
                    "It is not clear in which database idempotency records are to be kept: " + failure.getMessage(),
                    "Set idempotent.jdbc.data-source to the bean name of a DataSource",
                    failure);
        }
    }

    /** The store's requests are never part of a caller's transaction, unless the store is told so. */
    private static DataSource withoutTransactions(DataSource dataSource) {
        return dataSource instanceof TransactionAwareDataSourceProxy aware && aware.getTargetDataSource() != null
                ? aware.getTargetDataSource()
                : dataSource;
    }
}
