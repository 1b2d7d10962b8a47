package io.idempotent.sample.profile;

import io.idempotent.server.PostgresServer;
import java.nio.file.Path;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.jdbc.DataSourceBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** Starts a PostgreSQL, which is stopped when nothing uses the {@link DataSource} any more. */
@Configuration(proxyBeanMethods = false)
@Profile("postgres")
class PostgresConfiguration {

    @Bean
    static PostgresServer postgresServer(@Value("${sample.data}") Path data) {
        return PostgresServer.keptIn(data.resolve("postgres"));
    }

    @Bean
    static DataSource dataSource(PostgresServer server) {
        return DataSourceBuilder.create()
                .url(server.maintenanceDatabase().url())
                .build();
    }
}
