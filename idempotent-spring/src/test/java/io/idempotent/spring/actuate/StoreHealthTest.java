package io.idempotent.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.IdempotencyKey;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.actuate.Managed.Answer;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import tools.jackson.databind.JsonNode;

/** The health of stores, as probes see it. */
@OnOneJdk("a probe's answer is Spring Boot's")
class StoreHealthTest {

    private static final List<String> SHOWN = List.of(
            "management.endpoint.health.show-details=always",
            "management.endpoint.health.probes.enabled=true",
            "management.health.diskspace.enabled=false",
            "management.health.db.enabled=false");

    private static Managed start(Class<?> application, String... properties) {
        List<String> all = new ArrayList<>(SHOWN);
        all.addAll(List.of(properties));
        return Managed.start(application, all.toArray(String[]::new));
    }

    private static String[] database() {
        return new String[] {"spring.datasource.url=jdbc:h2:mem:" + UUID.randomUUID(), "idempotent.store=jdbc"};
    }

    private static JsonNode store(Answer health, String name) {
        return health.json()
                .path("components")
                .path("idempotency")
                .path("components")
                .path(name);
    }

    @Test
    void isUpByTheNameOfTheStoreAndTellsItsKindAndNotWhereItIs() {
        try (Managed shop = start(Shop.class, database())) {
            Answer health = shop.get("/health");
            assertThat(health.status()).isEqualTo(200);
            assertThat(store(health, "jdbc").path("status").asString()).isEqualTo("UP");
            assertThat(store(health, "jdbc").path("details").path("type").asString())
                    .isEqualTo("JdbcIdempotencyStore");
            assertThat(health.body()).doesNotContain("jdbc:h2");
            assertThat(shop.get("/health/idempotency/jdbc").status()).isEqualTo(200);
            assertThat(shop.get("/health/idempotency/caffeine").status())
                    .as("used by nobody")
                    .isEqualTo(404);
        }
    }

    @Test
    void anAbandonedKeyIsNoMatterOfHealth() {
        try (Managed shop = start(Shop.class, "idempotent.store=caffeine")) {
            shop.die(IdempotencyKey.of("pay", "4711"));
            assertThat(store(shop.get("/health"), "caffeine").path("status").asString())
                    .isEqualTo("UP");
            assertThat(shop.get("/health/liveness").body()).contains("UP");
            assertThat(shop.get("/health/readiness").body()).contains("UP");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ALTER TABLE idempotency_record DROP COLUMN outcome_kind", "DROP TABLE idempotency_record_step"})
    void isDownIfTheSchemaIsAnotherByNow(String trouble) throws SQLException {
        try (Managed shop = start(Shop.class, database())) {
            try (Connection connection = shop.bean(DataSource.class).getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute(trouble);
            }
            Answer health = shop.get("/health");
            assertThat(health.status()).isEqualTo(503);
            assertThat(store(health, "jdbc").path("status").asString()).isEqualTo("DOWN");
            assertThat(store(health, "jdbc").path("details").path("type").asString())
                    .isEqualTo("JdbcIdempotencyStore");
            assertThat(store(health, "jdbc").path("details").path("error").asString())
                    .contains("IdempotencyStoreException");
            assertThat(health.body()).doesNotContain("jdbc:h2");
        }
    }

    @Test
    void isDownIfTheDatabaseCannotBeAskedAndRestartsNothing() {
        try (Managed shop = start(Shop.class, database())) {
            shop.bean(HikariDataSource.class).close();
            Answer health = shop.get("/health");
            assertThat(health.status()).isEqualTo(503);
            assertThat(store(health, "jdbc").path("status").asString()).isEqualTo("DOWN");
            assertThat(health.body()).doesNotContain("jdbc:h2");
            assertThat(shop.get("/health/liveness").status()).isEqualTo(200);
            assertThat(shop.get("/health/readiness").status()).isEqualTo(200);
        }
    }

    /** A store that answers when it is told to. */
    static final class Slow extends ForwardingIdempotencyStore {

        private final CountDownLatch answers = new CountDownLatch(1);

        Slow() {
            super(CaffeineIdempotencyStore.builder().build());
        }

        @Override
        public @Nullable IdempotencyRecord find(IdempotencyKey key) {
            try {
                answers.await();
            } catch (InterruptedException interruption) {
                Thread.currentThread().interrupt();
            }
            return super.find(key);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Import(Shop.class)
    static class SlowShop {

        @Bean
        static Slow slowIdempotencyStore() {
            return new Slow();
        }
    }

    @Test
    void waitsForNoStoreLongerThanProbesDo() {
        try (Managed shop = start(SlowShop.class, "idempotent.store=slow")) {
            Answer health = shop.get("/health");
            assertThat(store(health, "slow").path("status").asString()).isEqualTo("DOWN");
            assertThat(store(health, "slow").path("details").path("error").asString())
                    .isEqualTo("no answer within 2 s");
            shop.bean(Slow.class).answers.countDown();
            assertThat(store(shop.get("/health"), "slow").path("status").asString())
                    .isEqualTo("UP");
        }
    }

    @Test
    void isSwitchedOffByAProperty() {
        try (Managed shop =
                start(Shop.class, "idempotent.store=caffeine", "management.health.idempotency.enabled=false")) {
            assertThat(shop.get("/health").body()).doesNotContain("idempotency");
        }
    }

    /** Nothing is idempotent here. */
    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Empty {}

    @Test
    void makesNoStoreThatNobodyUses() {
        try (Managed empty = start(Empty.class, database())) {
            assertThat(empty.get("/health").status()).isEqualTo(200);
            assertThat(empty.get("/idempotency").json().path("records").size()).isZero();
            assertThat(empty.beans().getBeanNamesForType(IdempotencyStore.class, true, false))
                    .isNotEmpty()
                    .noneMatch(empty.beans()::containsSingleton);
        }
    }
}
