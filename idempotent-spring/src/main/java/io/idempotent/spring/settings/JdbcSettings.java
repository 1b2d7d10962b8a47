package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The store in a relational database. A null stands for the store's own default.
 *
 * @param dataSource Bean name of the DataSource that records are kept in; the only or primary one if it is not set, or
 *     blank. One of its own, over the same database, keeps callers in transactions from waiting for each other's
 *     connections.
 * @param tableName Name of the table, with its schema if it has one. Not blank.
 * @param initializeSchema When the table is made: always, in an embedded database only, or never.
 * @param statementTimeout How long a statement may take, and so wait for a lock; whole seconds, 1 to 30.
 * @param purgeInterval How often records past their retention are removed, batch by batch; zero for never.
 * @param purgeBatchSize How many records are removed by one transaction at most. After each full one the purge rests as
 *     long as it took.
 */
@ConfigurationProperties("idempotent.jdbc")
public record JdbcSettings(
        @Nullable String dataSource,
        @Nullable String tableName,
        @Nullable SchemaInitialization initializeSchema,
        @Nullable Duration statementTimeout,
        Duration purgeInterval,
        @Nullable Integer purgeBatchSize) {

    /**
     * Makes settings; records are purged every five minutes by default.
     *
     * @throws IdempotencyConfigurationException if the table's name is blank
     */
    public JdbcSettings {
        dataSource = Defaults.notBlank(dataSource);
        if (tableName != null && tableName.isBlank()) {
            throw new IdempotencyConfigurationException(
                    "idempotent.jdbc.table-name is blank", "Give the table's name, or leave the property out");
        }
        purgeInterval = Defaults.or(purgeInterval, Duration.ofMinutes(5));
    }

    /**
     * Sets up a store by what is said.
     *
     * @return the same builder
     * @throws IdempotencyConfigurationException if the store cannot be so
     */
    public JdbcIdempotencyStore.Builder applyTo(JdbcIdempotencyStore.Builder builder) {
        try {
            if (tableName != null) {
                builder.tableName(tableName);
            }
            if (initializeSchema != null) {
                builder.schemaInitialization(initializeSchema);
            }
            if (statementTimeout != null) {
                builder.statementTimeout(statementTimeout);
            }
            if (purgeBatchSize != null) {
                builder.purgeBatchSize(purgeBatchSize);
            }
            return purgeInterval.isZero() ? builder : builder.purgeInterval(purgeInterval);
        } catch (IllegalArgumentException refusal) {
            throw new IdempotencyConfigurationException(
                    "The properties at idempotent.jdbc cannot be used: " + refusal.getMessage(),
                    "Correct the one that is named: table-name, statement-timeout, purge-batch-size or purge-interval",
                    refusal);
        }
    }
}
