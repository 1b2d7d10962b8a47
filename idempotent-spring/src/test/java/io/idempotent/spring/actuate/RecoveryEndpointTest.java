package io.idempotent.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.idempotent.IdempotencyKey;
import io.idempotent.spring.actuate.Managed.Answer;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.recovery.RecoverableStore;
import io.idempotent.store.Claim;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedStep;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import tools.jackson.databind.JsonNode;

/** What an operator sees and does about executions that are finished without their callers. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(OutputCaptureExtension.class)
class RecoveryEndpointTest {

    static class Shipments {

        private final List<String> runs = new CopyOnWriteArrayList<>();

        @Idempotent(key = "#id", operation = "ship", recover = @Idempotent.Recover(after = "1m", maxTakeovers = 2))
        public String ship(String id) {
            runs.add(id);
            if (id.startsWith("broken") && runs.indexOf(id) == runs.lastIndexOf(id)) {
                throw new IllegalStateException("the carrier is closed");
            }
            if (id.startsWith("closed")) {
                throw new IllegalStateException("the carrier is closed");
            }
            return "secret shipment";
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Import({SecuredShop.class, Shipments.class})
    static class RecoveredShop {

        @Bean
        RecoverableStore recordStore() {
            return new RecoverableStore();
        }
    }

    private final Managed shop = Managed.start(
            RecoveredShop.class,
            "management.endpoint.idempotency.access=unrestricted",
            "idempotent.recovery.interval=30d",
            "idempotent.store=recordStore");

    private final RecoverableStore store = shop.bean(RecoverableStore.class);

    @AfterAll
    void stop() {
        shop.close();
    }

    /** A call that is cut off; more than a minute passes. */
    private IdempotencyRecord shipAndDie(String name) {
        String id = name + " " + UUID.randomUUID();
        store.cutOff(true);
        assertThatIllegalStateException()
                .isThrownBy(() -> shop.bean(Shipments.class).ship(id));
        store.cutOff(false);
        store.elapse(Duration.ofMinutes(2));
        return record(IdempotencyKey.of("ship", id));
    }

    private IdempotencyRecord record(IdempotencyKey key) {
        return Objects.requireNonNull(store.find(key));
    }

    private Answer recover(IdempotencyRecord record, String user) {
        return shop.settle(
                record.key(),
                user,
                Map.of("action", "recover", "fencingToken", record.fencingToken(), "why", "the carrier is open"));
    }

    private JsonNode listed(IdempotencyRecord record) {
        for (JsonNode one : shop.get("/idempotency?operation=ship").json().path("records")) {
            if (one.path("key").asString().equals(record.key().value())) {
                return one;
            }
        }
        throw new AssertionError("not listed");
    }

    @Test
    void anOperationTellsWhenItIsRecovered() {
        JsonNode ship = shop.get("/idempotency/ship").json().path("operations").path(0);
        assertThat(ship.path("recover").path("after").asString()).isEqualTo("PT1M");
        assertThat(ship.path("recover").path("maxTakeovers").asInt()).isEqualTo(2);
        assertThat(shop.get("/idempotency/pay")
                        .json()
                        .path("operations")
                        .path(0)
                        .has("recover"))
                .isFalse();
    }

    @Test
    void aRecordTellsWhetherItIsRecovered() {
        IdempotencyRecord record = shipAndDie("broken");
        JsonNode recovery = listed(record).path("recovery");
        assertThat(recovery.path("recoverable").asBoolean()).isTrue();
        assertThat(recovery.path("maxTakeovers").asInt()).isEqualTo(2);
        assertThat(recovery.has("needsPerson")).isFalse();
        assertThat(shop.show(record.key(), "ada").json().path("recovery")).isEqualTo(recovery);

        IdempotencyRecord other = shop.die(IdempotencyKey.of("pay", "other"));
        assertThat(shop.show(other.key(), "ada").json().has("recovery")).isFalse();
        IdempotencyRecord nothingAsked = shop.die(IdempotencyKey.of("ship", "nothing asked"));
        assertThat(shop.show(nothingAsked.key(), "ada")
                        .json()
                        .path("recovery")
                        .path("recoverable")
                        .asBoolean(true))
                .isFalse();
    }

    @Test
    void anOperatorFinishesAnExecution(CapturedOutput output) {
        IdempotencyRecord record = shipAndDie("broken");

        Answer answer = recover(record, "ada");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().path("action").asString()).isEqualTo("recover");
        assertThat(answer.json().path("result").asString()).isEqualTo("finished");
        assertThat(answer.body()).doesNotContain("secret");
        assertThat(shop.show(record.key(), "ada").json().path("state").asString())
                .isEqualTo("completed");
        assertThat(output.getAll()).contains("is recovered now, as ada asks: the carrier is open");
        assertThat(shop.bean(Shop.Audit.class).events())
                .filteredOn(event -> record.key().value().equals(event.getData().get("key")))
                .singleElement()
                .satisfies(event -> {
                    assertThat(event.getPrincipal()).isEqualTo("ada");
                    assertThat(event.getData())
                            .containsEntry("action", "recover")
                            .containsEntry("result", "finished")
                            .containsEntry("why", "the carrier is open");
                });
    }

    @Test
    void anExecutionThatFailsAgainIsSaidSoAndNeedsAPersonAtItsLimit() {
        IdempotencyRecord record = shipAndDie("closed");

        assertThat(recover(record, "ada").json().path("result").asString()).isEqualTo("not-finished");
        assertThat(recover(record, "ada").status()).isEqualTo(409);
        assertThat(recover(record(record.key()), "ada").json().path("result").asString())
                .isEqualTo("not-finished");

        assertThat(listed(record).path("takeovers").asInt()).isEqualTo(2);
        assertThat(listed(record).path("recovery").path("needsPerson").asString())
                .isEqualTo("Its record had 2 take-overs, and may have 2");
    }

    @Test
    void whatCannotBeRecoveredIsRefused() {
        IdempotencyRecord record = shipAndDie("broken");
        assertThat(recover(record, null).status()).isEqualTo(403);

        IdempotencyRecord other = shop.die(IdempotencyKey.of("pay", "another"));
        Answer notRecovered = recover(other, "ada");
        assertThat(notRecovered.status()).isEqualTo(400);
        assertThat(notRecovered.detail()).contains("'pay' is not recovered here");

        IdempotencyRecord nothingAsked = shop.die(IdempotencyKey.of("ship", "nothing asked for"));
        Answer withoutRequest = recover(nothingAsked, "ada");
        assertThat(withoutRequest.status()).isEqualTo(400);
        assertThat(withoutRequest.detail()).startsWith("Nothing of what the call for 'ship:nothing asked for'");

        store.die("ship", "unreadable");
        Answer unreadable = recover(record(IdempotencyKey.of("ship", "unreadable")), "ada");
        assertThat(unreadable.status()).isEqualTo(400);
        assertThat(unreadable.detail()).startsWith("What the call for 'ship:unreadable' asked for cannot be read");
    }

    @Test
    void aRecordTellsThatItsStepsAreBeingUndone() {
        IdempotencyKey key = IdempotencyKey.of("ship", "compensating");
        Claim claim = shop.begin(key);
        store.recordStep(claim, new RecordedStep("compensate:reserve", null));
        assertThat(shop.show(key, "ada").json().path("compensating").asBoolean())
                .isTrue();
        IdempotencyRecord forward = shop.die(IdempotencyKey.of("ship", "forward"));
        assertThat(shop.show(forward.key(), "ada").json().path("compensating").asBoolean(true))
                .isFalse();
        assertThat(listed(forward).has("compensating")).isFalse();
    }
}
