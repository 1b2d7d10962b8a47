package io.idempotent.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.actuate.Managed.Answer;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.actuate.audit.listener.AuditApplicationEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.EventListener;

/** Who gets at the endpoint, and what is answered where stores are several, or fail. */
@OnOneJdk("CaffeineIdempotencyEndpointTest runs on both")
class EndpointAccessTest {

    private static final String UNRESTRICTED = "management.endpoint.idempotency.access=unrestricted";

    private static final String CAFFEINE = "idempotent.store=caffeine";

    private final IdempotencyKey key =
            IdempotencyKey.of("pay", UUID.randomUUID().toString());

    private Answer release(Managed shop, @Nullable String user, long token) {
        return shop.settle(key, user, Map.of("action", "release", "fencingToken", token, "why", "not at the bank"));
    }

    @Test
    void readingIsAllowedByDefaultAndSettlingIsNot() {
        try (Managed shop = Managed.start(SecuredShop.class, CAFFEINE)) {
            IdempotencyRecord dead = shop.die(key);
            assertThat(shop.get("/idempotency").status()).isEqualTo(200);
            assertThat(shop.show(key, null).status()).isEqualTo(200);
            assertThat(release(shop, "ada", dead.fencingToken()).status()).isIn(404, 405);
            assertThat(shop.store().find(key)).isNotNull().matches(IdempotencyRecord::isAbandoned);
        }
    }

    @Test
    void nothingIsThereUnlessItIsExposedOrWithoutAccess() {
        for (String property : List.of(
                "management.endpoints.web.exposure.include=health", "management.endpoint.idempotency.access=none")) {
            try (Managed shop = Managed.start(SecuredShop.class, CAFFEINE, property)) {
                assertThat(shop.get("/idempotency").status()).isEqualTo(404);
                assertThat(shop.get("/health").status()).isEqualTo(200);
            }
        }
    }

    @Test
    void aManagementPortWithoutSecurityOnlyReads() {
        try (Managed shop = Managed.start(
                Shop.class,
                CAFFEINE,
                UNRESTRICTED,
                "management.server.port=0",
                "management.endpoint.idempotency.show-values=when-authorized")) {
            IdempotencyRecord dead = shop.die(key);
            assertThat(shop.get("/idempotency?operation=pay").body()).contains(key.value());
            Answer answer = release(shop, null, dead.fencingToken());
            assertThat(answer.status()).isEqualTo(403);
            assertThat(answer.contentType()).startsWith("application/problem+json");
            assertThat(answer.detail()).contains("Nobody is authenticated");
            assertThat(release(shop, "ada", dead.fencingToken()).status()).isEqualTo(403);
            assertThat(shop.store().find(key)).isNotNull().matches(IdempotencyRecord::isAbandoned);
            assertThat(valueShownTo(shop, null)).isFalse();
        }
    }

    private boolean valueShownTo(Managed shop, @Nullable String user) {
        IdempotencyKey done = IdempotencyKey.of("pay", "done");
        shop.bean(Shop.Payments.class).pay(done.value());
        String body = shop.show(done, user).body();
        assertThat(body).contains("\"state\":\"completed\"");
        return body.contains("secret receipt");
    }

    @ParameterizedTest
    @CsvSource({
        "'', '', false, false, false",
        "never, '', false, false, false",
        "always, '', true, true, true",
        "when-authorized, '', false, true, true",
        "when-authorized, OPERATOR, false, true, false",
    })
    void showsValuesToThoseWhomThePropertiesName(
            String showValues, String roles, boolean anonymous, boolean ada, boolean bob) {
        List<String> properties = new ArrayList<>(List.of(CAFFEINE));
        if (!showValues.isEmpty()) {
            properties.add("management.endpoint.idempotency.show-values=" + showValues);
        }
        properties.add("management.endpoint.idempotency.roles=" + roles);
        try (Managed shop = Managed.start(SecuredShop.class, properties.toArray(String[]::new))) {
            assertThat(valueShownTo(shop, null)).isEqualTo(anonymous);
            assertThat(valueShownTo(shop, "ada")).isEqualTo(ada);
            assertThat(valueShownTo(shop, "bob")).isEqualTo(bob);
        }
    }

    // several stores

    /** Two stores, each with an operation. */
    @Configuration(proxyBeanMethods = false)
    @Import(SecuredShop.class)
    static class TwoStores {

        @Bean
        static IdempotencyStore nearIdempotencyStore() {
            return CaffeineIdempotencyStore.builder().build();
        }

        @Bean
        static IdempotencyStore farIdempotencyStore() {
            return CaffeineIdempotencyStore.builder().build();
        }

        @Bean
        static Mail mail() {
            return new Mail();
        }
    }

    static class Mail {

        @Idempotent(key = "#id", operation = "mail", store = "far")
        public void mail(String id) {}
    }

    @Test
    void pagesThroughSeveralStoresAndSettlesWhatIsInAnyOfThem() {
        try (Managed shop = Managed.start(TwoStores.class, "idempotent.store=near", UNRESTRICTED)) {
            IdempotencyStore near = shop.store();
            IdempotencyStore far = shop.bean(OperationRegistry.class).store("far");
            List<String> expected = new ArrayList<>();
            for (int number = 0; number < 3; number++) {
                Managed.die(near, IdempotencyKey.of("pay", "near " + number));
                Managed.die(far, IdempotencyKey.of("mail", "far " + number));
                Managed.die(far, IdempotencyKey.of("renamed", "old " + number));
                expected.addAll(List.of("near " + number, "far " + number, "old " + number));
            }
            for (int limit : new int[] {1, 2, 4, 6, 9, 100}) {
                List<String> found = new ArrayList<>();
                String after = "";
                do {
                    Answer page = shop.get("/idempotency?limit=" + limit + after);
                    assertThat(page.status()).isEqualTo(200);
                    assertThat(page.json().path("records").size()).isLessThanOrEqualTo(limit);
                    page.json()
                            .path("records")
                            .forEach(record -> found.add(record.path("key").asString()));
                    after = "&after=" + page.json().path("next").asString("");
                } while (!after.equals("&after="));
                assertThat(found).as("limit %s", limit).containsExactlyInAnyOrderElementsOf(expected);
            }
            assertThat(shop.get("/idempotency/mail")
                            .json()
                            .path("operations")
                            .path(0)
                            .path("store")
                            .asString())
                    .isEqualTo("far");
            IdempotencyKey old = IdempotencyKey.of("renamed", "old 1");
            long token = shop.show(old, null).json().path("fencingToken").asLong();
            assertThat(shop.settle(old, "bob", Map.of("action", "forget", "fencingToken", token, "why", "old"))
                            .status())
                    .isEqualTo(200);
            assertThat(far.find(old)).isNull();
        }
    }

    // failures

    /** A store that is down when a test says so. */
    static final class Fragile extends ForwardingIdempotencyStore {

        private volatile boolean down;

        Fragile() {
            super(CaffeineIdempotencyStore.builder().build());
        }

        private <T extends @Nullable Object> T up(T answer) {
            if (down) {
                throw new IdempotencyStoreException("The store could not be asked", null, new IOException("down"));
            }
            return answer;
        }

        @Override
        public @Nullable IdempotencyRecord find(IdempotencyKey key) {
            return up(super.find(key));
        }

        @Override
        public List<IdempotencyRecord> list(RecordQuery query) {
            return up(super.list(query));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Import(SecuredShop.class)
    static class FragileShop {

        @Bean
        static Fragile fragileIdempotencyStore() {
            return new Fragile();
        }

        @Bean
        static BrokenAudit brokenAudit() {
            return new BrokenAudit();
        }
    }

    static class BrokenAudit {

        @EventListener
        void hear(AuditApplicationEvent event) {
            throw new IllegalStateException("the audit's disk is full");
        }
    }

    @Test
    void answersThatTheStoreFails() {
        try (Managed shop = Managed.start(FragileShop.class, "idempotent.store=fragile", UNRESTRICTED)) {
            IdempotencyRecord dead = shop.die(key);
            shop.bean(Fragile.class).down = true;
            for (Answer answer : List.of(
                    shop.get("/idempotency"), shop.show(key, null), release(shop, "ada", dead.fencingToken()))) {
                assertThat(answer.status()).isEqualTo(503);
                assertThat(answer.detail()).contains("The store could not be asked");
            }
            shop.bean(Fragile.class).down = false;
            assertThat(shop.store().find(key)).isNotNull().matches(IdempotencyRecord::isAbandoned);
        }
    }

    @Test
    void whoeverSettledIsToldSoThoughAListenerOfTheAuditFails() {
        try (Managed shop = Managed.start(FragileShop.class, "idempotent.store=fragile", UNRESTRICTED)) {
            IdempotencyRecord dead = shop.die(key);
            assertThat(release(shop, "ada", dead.fencingToken()).status()).isEqualTo(200);
        }
    }
}
