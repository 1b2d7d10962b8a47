package io.idempotent.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.spring.actuate.Managed.Answer;
import io.idempotent.spring.actuate.Shop.DeclinedException;
import io.idempotent.spring.actuate.Shop.Payments;
import io.idempotent.spring.actuate.Shop.Receipt;
import io.idempotent.store.Claim;
import io.idempotent.store.IdempotencyRecord;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.JsonNode;

/** What an operator sees and does over HTTP, whatever the store is. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(OutputCaptureExtension.class)
abstract class IdempotencyEndpointContract {

    private Managed shop;

    private IdempotencyKey key;

    /** The properties that choose the store. */
    abstract List<String> properties();

    /** The store's name in answers. */
    abstract String storeName();

    @BeforeAll
    void start() {
        List<String> properties = new ArrayList<>(properties());
        properties.add("management.endpoint.idempotency.access=unrestricted");
        properties.add("management.endpoint.idempotency.show-values=when-authorized");
        properties.add("management.endpoint.idempotency.roles=OPERATOR");
        shop = Managed.start(SecuredShop.class, properties.toArray(String[]::new));
    }

    @BeforeEach
    void name() {
        key = IdempotencyKey.of("pay", UUID.randomUUID().toString());
    }

    @AfterAll
    void stop() {
        shop.close();
    }

    private Payments payments() {
        return shop.bean(Payments.class);
    }

    private List<Map<String, Object>> audited() {
        return shop.bean(Shop.Audit.class).events().stream()
                .filter(event -> key.value().equals(event.getData().get("key")))
                .map(event -> {
                    Map<String, Object> data = new LinkedHashMap<>(event.getData());
                    data.put("principal", event.getPrincipal());
                    return data;
                })
                .toList();
    }

    private Answer settle(String user, String action, long token, String... members) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("action", action);
        body.put("fencingToken", token);
        body.put("why", "seen at the bank");
        for (int index = 0; index < members.length; index += 2) {
            body.put(members[index], members[index + 1]);
        }
        return shop.settle(key, user, body);
    }

    // reading

    @Test
    void listsWhatIsDeclared() {
        Answer answer = shop.get("/idempotency");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().path("operations"))
                .extracting(operation -> operation.path("name").asString())
                .containsExactly("notify", "order", "pay", "transfer");
        JsonNode pay = shop.get("/idempotency/pay").json().path("operations").path(0);
        assertThat(pay.path("declaredAt").asString()).endsWith("Shop$Payments.pay(String)");
        assertThat(pay.path("key").asString()).isEqualTo("#id");
        assertThat(pay.has("scope")).isFalse();
        assertThat(pay.path("fingerprint").asString()).isEqualTo("arguments");
        assertThat(pay.path("store").asString()).isEqualTo(storeName());
        assertThat(pay.path("type").asString()).isEqualTo(Receipt.class.getName());
        assertThat(pay.path("recordFailures").path(0).asString()).isEqualTo(DeclinedException.class.getName());
        assertThat(pay.path("retention").asString()).isEqualTo("PT2H");
        assertThat(pay.path("lease").asString()).isEqualTo("PT20S");
        assertThat(pay.path("waitAtMost").asString()).isEqualTo("PT0S");
        assertThat(pay.path("whenAbandoned").asString()).isEqualTo("refuse");
        assertThat(pay.path("whenStoreFails").asString()).isEqualTo("refuse");
        assertThat(pay.path("atomic").asBoolean()).isFalse();
        assertThat(pay.path("retry").path("maxRetries").asInt()).isEqualTo(2);
        assertThat(pay.path("retry").path("delay").asString()).isEqualTo("PT0.01S");
        assertThat(pay.path("retry").path("budget").path("tokens").asInt()).isEqualTo(50);
        assertThat(pay.path("retry").path("budget").path("name").asString()).isEqualTo("bank");
        assertThat(pay.path("retry").path("budget").has("perSuccess")).isFalse();
        JsonNode transfer =
                shop.get("/idempotency/transfer").json().path("operations").path(0);
        assertThat(transfer.path("scope").asString()).isEqualTo("#bank");
        assertThat(transfer.path("fingerprint").asString()).isEqualTo("#from");
        assertThat(transfer.has("retry")).isFalse();
        JsonNode order =
                shop.get("/idempotency/order").json().path("operations").path(0);
        assertThat(order.path("key").asString()).isEqualTo("header Idempotency-Key");
        assertThat(order.path("fingerprint").asString()).isEqualTo("method, path, query, body");
        assertThat(shop.get("/idempotency/notify")
                        .json()
                        .path("operations")
                        .path(0)
                        .path("fingerprint")
                        .asString())
                .isEqualTo("none");
    }

    @Test
    void answersThatAnOperationIsNotDeclaredHere() {
        Answer answer = shop.get("/idempotency/renamed");
        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.contentType()).startsWith("application/problem+json");
        assertThat(answer.json().path("title").asString()).isEqualTo("Not Found");
        assertThat(answer.detail()).contains("'renamed' is not declared here");
    }

    private List<JsonNode> records(String query) {
        Answer answer = shop.get("/idempotency?" + query);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json().path("records").valueStream().toList();
    }

    private List<String> keys(String query) {
        return records(query).stream()
                .map(record -> record.path("key").asString())
                .filter(key.value()::equals)
                .toList();
    }

    @Test
    void listsWhatHasNoOutcomeByOperationStateAndAge() {
        IdempotencyRecord dead = shop.die(key);
        assertThat(keys("limit=1000")).hasSize(1);
        assertThat(keys("limit=1000&operation=pay")).hasSize(1);
        assertThat(keys("limit=1000&operation=notify")).isEmpty();
        assertThat(keys("limit=1000&state=abandoned")).hasSize(1);
        assertThat(keys("limit=1000&state=in-progress")).isEmpty();
        assertThat(keys("limit=1000&age=0s")).hasSize(1);
        assertThat(keys("limit=1000&age=10m")).isEmpty();
        JsonNode record = records("limit=1000&operation=pay").stream()
                .filter(one -> one.path("key").asString().equals(key.value()))
                .findFirst()
                .orElseThrow();
        assertThat(record.path("operation").asString()).isEqualTo("pay");
        assertThat(record.path("scope").asString()).isEmpty();
        assertThat(record.path("known").asBoolean()).isTrue();
        assertThat(record.path("store").asString()).isEqualTo(storeName());
        assertThat(record.path("state").asString()).isEqualTo("abandoned");
        assertThat(record.path("fencingToken").asLong()).isEqualTo(dead.fencingToken());
        assertThat(record.path("traceId").asString()).isEqualTo(Managed.TRACE);
        assertThat(record.path("takeovers").asInt()).isZero();
        assertThat(record.path("firstClaimedAt").asString())
                .isEqualTo(dead.firstClaimedAt().toString());
        assertThat(record.path("claimedAt").asString())
                .isEqualTo(dead.claimedAt().toString());
        assertThat(record.path("leaseEndsAt").asString())
                .isEqualTo(record.path("since").asString());
        assertThat(record.path("age").asString()).startsWith("PT");

        key = IdempotencyKey.of("notify", UUID.randomUUID().toString());
        shop.begin(key);
        assertThat(keys("limit=1000&state=in-progress")).hasSize(1);
        assertThat(keys("limit=1000&state=abandoned")).isEmpty();
        assertThat(payments().pay("done " + key.value())).isNotNull();
        assertThat(records("limit=1000"))
                .noneMatch(one -> one.path("key").asString().equals("done " + key.value()));
    }

    @Test
    void listsOnePageAfterAnotherOfKeysThatNoUrlCouldHave() {
        Set<String> expected = new HashSet<>();
        for (IdempotencyKey odd : oddKeys().toList()) {
            IdempotencyKey paged = new IdempotencyKey("paged", odd.scope(), odd.value());
            shop.die(paged);
            expected.add(paged.scope() + "|" + paged.value());
        }
        List<String> found = new ArrayList<>();
        String after = "";
        for (int page = 0; page <= expected.size(); page++) {
            Answer answer = shop.get("/idempotency?operation=paged&limit=2" + after);
            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            answer.json()
                    .path("records")
                    .forEach(record -> found.add(record.path("scope").asString() + "|"
                            + record.path("key").asString()));
            String next = answer.json().path("next").asString("");
            if (next.isEmpty()) {
                break;
            }
            assertThat(next).matches("[A-Za-z0-9_-]+");
            after = "&after=" + next;
        }
        assertThat(found).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "/idempotency?limit=0, positive",
        "/idempotency?limit=1001, 1000 records at most",
        "/idempotency?age=-1s, zero or more",
        "/idempotency?operation=no.dots, no name of an operation",
        "/idempotency?after=nonsense, names no record",
        "/idempotency?after=!, names no record",
        "/idempotency/pay?key=%20, the key is blank",
    })
    void saysWhatIsWrongWithAQuestion(String path, String problem) {
        Answer answer = shop.get(path);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.detail()).contains(problem);
    }

    @Test
    void refusesAStateThatThereIsNot() {
        assertThat(shop.get("/idempotency?state=lost").status()).isEqualTo(400);
    }

    static Stream<IdempotencyKey> oddKeys() {
        return Stream.of(
                IdempotencyKey.of("pay", "a/../b?c=d&e;f#g%2F%"),
                IdempotencyKey.of("pay", "\"it's\" {json} \\ <b>"),
                IdempotencyKey.of("pay", "Zahlung №4711 — 支払い 💶"),
                IdempotencyKey.of("pay", IdempotencyKey.join("pay", List.of("eu,de", "back\\slash", "1"))),
                IdempotencyKey.of("pay", "x".repeat(255)),
                IdempotencyKey.of("pay", "💶".repeat(127)),
                new IdempotencyKey("pay", "tenant:with@signs\\", "a:b@c"),
                new IdempotencyKey("pay", "é".repeat(255), "ü".repeat(255)));
    }

    @ParameterizedTest
    @MethodSource("oddKeys")
    void showsAndSettlesKeysThatNoPathCouldHave(IdempotencyKey odd) {
        key = odd;
        IdempotencyRecord dead = shop.die(odd);

        Answer shown = shop.show(odd, null);
        assertThat(shown.status()).as(shown.body()).isEqualTo(200);
        assertThat(shown.json().path("key").asString()).isEqualTo(odd.value());
        assertThat(shown.json().path("scope").asString()).isEqualTo(odd.scope());
        assertThat(settle("ada", "release", dead.fencingToken()).status()).isEqualTo(200);
        assertThat(audited()).hasSize(1);
        long released = shop.show(odd, null).json().path("fencingToken").asLong();
        assertThat(settle("ada", "forget", released).status()).isEqualTo(200);
    }

    @Test
    void showsARecordWithItsStepsAndWithoutValues() {
        IdempotencyRecord dead = shop.die(key);

        JsonNode shown = shop.show(key, null).json();

        assertThat(shown.path("state").asString()).isEqualTo("abandoned");
        assertThat(shown.path("fencingToken").asLong()).isEqualTo(dead.fencingToken());
        assertThat(shown.path("traceId").asString()).isEqualTo(Managed.TRACE);
        assertThat(shown.path("steps").path(0).path("name").asString()).isEqualTo("charge");
        assertThat(shown.path("steps").path(0).path("state").asString()).isEqualTo("begun");
        assertThat(shown.has("outcome")).isFalse();
        assertThat(shown.has("retainedUntil")).isFalse();
    }

    @Test
    void showsValuesOnlyToWhoIsAuthorized() {
        payments().pay(key.value());
        for (String user : new @Nullable String[] {null, "bob"}) {
            Answer answer = shop.show(key, user);
            assertThat(answer.body()).doesNotContain("secret");
            assertThat(answer.json().path("state").asString()).isEqualTo("completed");
            assertThat(answer.json().path("outcome").path("kind").asString()).isEqualTo("value");
            assertThat(answer.json().has("retainedUntil")).isTrue();
            assertThat(answer.json().has("leaseEndsAt")).isFalse();
        }
        assertThat(shop.show(key, "ada")
                        .json()
                        .path("outcome")
                        .path("value")
                        .path("id")
                        .asString())
                .isEqualTo("secret receipt");
    }

    @Test
    void showsFailuresOnlyToWhoIsAuthorized() {
        key = IdempotencyKey.of("pay", "declined " + key.value());
        assertThatExceptionOfType(DeclinedException.class)
                .isThrownBy(() -> payments().pay(key.value()));
        assertThat(shop.show(key, "bob").body()).contains("\"failure\"").doesNotContain("secret", "Declined");
        JsonNode outcome = shop.show(key, "ada").json().path("outcome");
        assertThat(outcome.path("kind").asString()).isEqualTo("failure");
        assertThat(outcome.path("failure").asString()).isEqualTo(DeclinedException.class.getName());
        assertThat(outcome.path("message").asString()).isEqualTo("secret reason");
    }

    @Test
    void answersThatAKeyIsFree() {
        assertThat(shop.show(key, null).status()).isEqualTo(404);
        Answer answer = settle("ada", "forget", 1);
        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.detail()).contains(key.toString());
    }

    // settling

    @Test
    void completesWithAValueThatIsReplayed(CapturedOutput log) {
        IdempotencyRecord dead = shop.die(key);
        assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class)
                .isThrownBy(() -> payments().pay(key.value()));

        Answer answer =
                settle("ada", "complete", dead.fencingToken(), "value", "{\"id\": \"classified\", \"amount\": 12.50}");

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.json().path("action").asString()).isEqualTo("complete");
        assertThat(answer.json().path("who").asString()).isEqualTo("ada");
        assertThat(answer.json().path("why").asString()).isEqualTo("seen at the bank");
        assertThat(payments().pay(key.value())).isEqualTo(new Receipt("classified", new BigDecimal("12.50")));
        assertThat(audited())
                .containsExactly(Map.of(
                        "principal",
                        "ada",
                        "operation",
                        "pay",
                        "scope",
                        "",
                        "key",
                        key.value(),
                        "action",
                        "complete",
                        "result",
                        "done",
                        "why",
                        "seen at the bank",
                        "fencingToken",
                        dead.fencingToken()));
        assertThat(log.getAll())
                .contains("'" + key + "' with fencing token " + dead.fencingToken()
                        + " was completed by ada: seen at the bank")
                .doesNotContain("classified");
        assertThat(answer.body()).doesNotContain("classified");
    }

    @Test
    void completesWithAValueOfAGenericTypeAndWithNothing() {
        key = new IdempotencyKey("transfer", "north", IdempotencyKey.join("transfer", List.of("a", "b")));
        IdempotencyRecord dead = shop.die(key);
        assertThat(settle(
                                "ada",
                                "complete",
                                dead.fencingToken(),
                                "value",
                                "{\"a\": [{\"id\": \"7\", \"amount\": null}]}")
                        .status())
                .isEqualTo(200);
        assertThat(shop.show(key, "ada")
                        .json()
                        .path("outcome")
                        .path("value")
                        .path("a")
                        .path(0)
                        .path("id")
                        .asString())
                .isEqualTo("7");

        key = IdempotencyKey.of("notify", key.value());
        IdempotencyRecord nothing = shop.die(key);
        Answer withValue = settle("ada", "complete", nothing.fencingToken(), "value", "{}");
        assertThat(withValue.status()).isEqualTo(400);
        assertThat(withValue.detail()).contains("returns nothing");
        assertThat(settle("ada", "complete", nothing.fencingToken()).status()).isEqualTo(200);
        payments().notifyCustomer(key.value());
    }

    @Test
    void completesTheResponseOfAnHttpEndpoint() {
        key = IdempotencyKey.of("order", key.value());
        IdempotencyRecord dead = shop.die(key);
        Answer answer = settle(
                "ada",
                "complete",
                dead.fencingToken(),
                "value",
                "{\"status\":201,\"headers\":[{\"name\":\"Content-Type\",\"values\":[\"text/plain\"]}],"
                        + "\"body\":\"b3JkZXJlZA==\"}");
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(shop.show(key, "ada")
                        .json()
                        .path("outcome")
                        .path("value")
                        .path("status")
                        .asInt())
                .isEqualTo(201);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"id\": \"classified\", \"amount\": 1, \"more\": 2}",
                "{\"id\": \"classified\"}",
                "{\"id\": \"classified\", \"amount\": \"classified\"}",
                "{\"id\": \"classified\", \"amount\": 1} classified",
                "classified",
                "[\"classified\"]",
            })
    void refusesAValueThatTheOperationCannotReturn(String value, CapturedOutput log) {
        IdempotencyRecord dead = shop.die(key);
        Answer answer = settle("ada", "complete", dead.fencingToken(), "value", value);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.detail()).contains("The value is no " + Receipt.class.getName());
        assertThat(answer.body()).doesNotContain("classified");
        assertThat(log.getAll()).doesNotContain("classified");
        assertThat(shop.store().find(key)).isNotNull().matches(IdempotencyRecord::isAbandoned);
        assertThat(audited()).isEmpty();
    }

    @Test
    void refusesToCompleteWithoutSayingByWhat() {
        IdempotencyRecord dead = shop.die(key);
        assertThat(settle("ada", "complete", dead.fencingToken()).status()).isEqualTo(400);
    }

    @Test
    void completesAsAFailureThatIsReplayed(CapturedOutput log) {
        IdempotencyRecord dead = shop.die(key);
        Answer refused = settle("ada", "fail", dead.fencingToken(), "failure", "IllegalStateException");
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.detail()).contains(DeclinedException.class.getName());

        Answer answer =
                settle("ada", "fail", dead.fencingToken(), "failure", "DeclinedException", "message", "classified");

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThatExceptionOfType(DeclinedException.class)
                .isThrownBy(() -> payments().pay(key.value()))
                .withMessage("classified");
        assertThat(audited()).extracting(data -> data.get("action")).containsExactly("fail");
        assertThat(audited().toString() + log.getAll() + answer.body()).doesNotContain("classified");
    }

    @Test
    void anOperationWithoutRecordedFailuresCannotBeFailed() {
        key = IdempotencyKey.of("notify", key.value());
        IdempotencyRecord dead = shop.die(key);
        assertThat(settle("ada", "fail", dead.fencingToken(), "failure", "java.io.IOException")
                        .detail())
                .contains("cannot be settled by one");
    }

    @Test
    void releasesSoThatTheNextCallRuns() {
        IdempotencyRecord dead = shop.die(key);
        assertThat(settle("ada", "release", dead.fencingToken()).status()).isEqualTo(200);
        assertThat(shop.show(key, null).json().path("state").asString()).isEqualTo("released");
        assertThat(payments().pay(key.value()).id()).isEqualTo("secret receipt");
    }

    @Test
    void forgetsWhatIsAbandonedOrCompleted() {
        assertThat(settle("ada", "forget", shop.die(key).fencingToken()).status())
                .isEqualTo(200);
        payments().pay(key.value());
        long token = shop.show(key, null).json().path("fencingToken").asLong();
        assertThat(settle("ada", "complete", token, "value", "{\"id\":\"1\",\"amount\":1}")
                        .status())
                .as("completed already")
                .isEqualTo(409);
        assertThat(settle("ada", "release", token).status()).isEqualTo(409);
        assertThat(settle("ada", "forget", token).status()).isEqualTo(200);
        assertThat(shop.show(key, null).status()).isEqualTo(404);
    }

    @Test
    void refusesWhoeverIsNotAuthenticated() {
        IdempotencyRecord dead = shop.die(key);
        Answer answer = settle(null, "release", dead.fencingToken());
        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.detail()).contains("Nobody is authenticated").contains("Spring Security");
        assertThat(shop.store().find(key)).isNotNull().matches(IdempotencyRecord::isAbandoned);
    }

    @Test
    void refusesWhatSomebodyHolds() {
        Claim live = shop.begin(key);
        for (String action : List.of("release", "forget")) {
            Answer answer = settle("ada", action, live.fencingToken());
            assertThat(answer.status()).isEqualTo(409);
            assertThat(answer.detail()).contains("Somebody holds '" + key + "' until");
        }
    }

    @Test
    void refusesWhatIsAnotherByNow() {
        IdempotencyRecord dead = shop.die(key);
        Answer answer = settle("ada", "release", dead.fencingToken() - 1);
        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.detail()).contains("has the fencing token " + dead.fencingToken());
        assertThat(audited()).isEmpty();
    }

    @Test
    void ofTwoOperatorsAtOnceOneDecides() throws Exception {
        IdempotencyRecord dead = shop.die(key);
        List<Integer> statuses = new ArrayList<>();
        ExecutorService operators = Executors.newFixedThreadPool(2);
        try {
            List<Future<Answer>> answers = new ArrayList<>();
            for (String user : List.of("ada", "bob")) {
                answers.add(operators.submit(() -> settle(
                        user, "complete", dead.fencingToken(), "value", "{\"id\": \"" + user + "\", \"amount\": 1}")));
            }
            for (Future<Answer> answer : answers) {
                statuses.add(answer.get().status());
            }
        } finally {
            operators.shutdownNow();
        }
        assertThat(statuses).containsExactlyInAnyOrder(200, 409);
        assertThat(audited())
                .extracting(data -> data.get("principal"))
                .containsExactly(payments().pay(key.value()).id());
    }

    @Test
    void listsShowsAndForgetsRecordsOfAnOlderVersionsOperationAndCompletesNone() {
        key = IdempotencyKey.of("renamed", key.value());
        IdempotencyRecord dead = shop.die(key);
        assertThat(keys("limit=1000")).hasSize(1);
        assertThat(records("limit=1000&operation=renamed"))
                .filteredOn(record -> record.path("key").asString().equals(key.value()))
                .allMatch(record -> !record.path("known").asBoolean());
        assertThat(shop.show(key, "ada").json().path("known").asBoolean()).isFalse();
        Answer refused = settle("ada", "complete", dead.fencingToken(), "value", "{}");
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.detail()).contains("'renamed' is not declared here");
        assertThat(settle("ada", "release", dead.fencingToken()).status()).isEqualTo(200);
        long released = shop.show(key, null).json().path("fencingToken").asLong();
        assertThat(settle("ada", "forget", released).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({
        "why, ' ', and why",
        "why, 'one\ntwo', in one line",
        "value, 1, goes with complete",
        "failure, DeclinedException, with fail",
        "message, text, with fail",
    })
    void saysWhatIsWrongWithAnAct(String member, String said, String problem) {
        IdempotencyRecord dead = shop.die(key);
        Answer answer = settle("ada", "release", dead.fencingToken(), member, said);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.detail()).contains(problem);
        assertThat(audited()).isEmpty();
    }

    @Test
    void refusesAnActThatSaysTooLittleOrIsNone() {
        IdempotencyRecord dead = shop.die(key);
        assertThat(settle("ada", "run", dead.fencingToken()).status()).isEqualTo(400);
        for (String body : List.of("", "{}", "{\"key\":\"1\",\"action\":\"forget\",\"fencingToken\":1}", "[")) {
            assertThat(shop.post("/idempotency/pay", "ada", body).status()).isEqualTo(400);
        }
        assertThat(shop.post(
                                "/idempotency/no.dots",
                                "ada",
                                "{\"key\":\"1\",\"action\":\"forget\",\"fencingToken\":1,\"why\":\"w\"}")
                        .status())
                .isEqualTo(400);
    }
}
