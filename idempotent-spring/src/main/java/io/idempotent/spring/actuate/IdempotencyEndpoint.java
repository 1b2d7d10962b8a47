package io.idempotent.spring.actuate;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.OutcomeCodecException;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.engine.Operation;
import io.idempotent.spring.actuate.RecordDescriptor.OutcomeDescriptor;
import io.idempotent.spring.actuate.RecordDescriptor.StepDescriptor;
import io.idempotent.spring.operation.ConfiguredOperation;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.Recovery.UnreadableRequestException;
import io.idempotent.spring.operation.UsedStore;
import io.idempotent.spring.recovery.Recoverer;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordQuery;
import java.security.Principal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.annotation.RegisterReflectionForBinding;
import org.springframework.boot.actuate.audit.listener.AuditApplicationEvent;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.Show;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.util.MimeType;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The Actuator endpoint {@code idempotency}: lists what has no outcome, shows a record, and settles or recovers it.
 *
 * <ol>
 *   <li>Reading is allowed by default. Settling needs the access {@code unrestricted}, and an authenticated principal.
 *   <li>Records of operations that this application does not declare, such as those of an older version, are listed,
 *       shown, released and forgotten like others. They cannot be completed, since their type is not known.
 *   <li>Whoever settles a record presents the fencing token that was seen. The record's token decides between two
 *       people: the second one is told that it is another by now.
 *   <li>Each act is published as an {@link AuditApplicationEvent}. What an operation produced is in no event, log or
 *       message; it is shown only to those whom {@code show-values} and {@code roles} name.
 * </ol>
 *
 * <p>It speaks HTTP alone: its answers are statuses, and JMX knows no principal.
 */
@WebEndpoint(id = "idempotency", defaultAccess = Access.READ_ONLY)
@RegisterReflectionForBinding({
    IdempotencyDescriptor.class,
    OperationDescriptor.class,
    RecordDescriptor.class,
    SettledDescriptor.class,
    Problem.class
})
public final class IdempotencyEndpoint {

    /** The type of the audit events: {@value}. */
    public static final String AUDIT_TYPE = "IDEMPOTENCY_RESOLVED";

    /** How many records a page can have: {@value}. */
    public static final int MAXIMUM_LIMIT = 1_000;

    /** The records that have no outcome. */
    public enum State {
        /** Somebody holds the key. */
        IN_PROGRESS,
        /** The lease is over, and nobody knows what was done. */
        ABANDONED
    }

    private static final Log LOG = LogFactory.getLog(IdempotencyEndpoint.class);

    private static final MimeType PROBLEM = MimeType.valueOf("application/problem+json");

    private final OperationRegistry operations;
    private final Recoverer recoverer;
    private final ApplicationEventPublisher events;
    private final JsonValues values;
    private final Show showValues;
    private final Set<String> roles;

    /**
     * Makes the endpoint.
     *
     * @param operations knows operations and stores
     * @param recoverer finishes abandoned executions
     * @param events gets the audit events
     * @param mapper reads and writes values
     * @param showValues when values are shown
     * @param roles who is authorized to see them; everybody who is authenticated if it is empty
     */
    public IdempotencyEndpoint(
            OperationRegistry operations,
            Recoverer recoverer,
            ApplicationEventPublisher events,
            JsonMapper mapper,
            Show showValues,
            Set<String> roles) {
        this.operations = operations;
        this.recoverer = recoverer;
        this.events = events;
        this.values = new JsonValues(mapper);
        this.showValues = showValues;
        this.roles = Set.copyOf(roles);
    }

    /**
     * Lists the declared operations, and one page of the records without an outcome.
     *
     * @param operation the operation whose records are meant; null for all
     * @param state the records that are meant; null for both
     * @param age how long ago their last claim was made at least
     * @param after the answer's {@code next} of the page before; null for the first page
     * @param limit how many records at most
     */
    @ReadOperation
    public WebEndpointResponse<Object> list(
            @Nullable String operation,
            @Nullable State state,
            @Nullable Duration age,
            @Nullable String after,
            @Nullable Integer limit) {
        return answer(() -> {
            int size = limit == null ? RecordQuery.DEFAULT_LIMIT : limit;
            if (size > MAXIMUM_LIMIT) {
                throw new Refusal(400, "A page has " + MAXIMUM_LIMIT + " records at most, not " + size);
            }
            RecordQuery query =
                    new RecordQuery(state == State.ABANDONED, age == null ? Duration.ZERO : age, operation, null, size);
            return list(query, state == State.IN_PROGRESS, after == null ? null : Cursor.parse(after));
        });
    }

    private IdempotencyDescriptor list(RecordQuery query, boolean liveOnly, @Nullable Cursor after) {
        List<RecordDescriptor> found = new ArrayList<>();
        String next = null;
        int left = query.limit();
        for (UsedStore store : operations.stores()) {
            int place = after == null ? 1 : store.name().compareTo(after.store());
            if (place < 0) {
                continue;
            }
            List<IdempotencyRecord> page = operations
                    .records(store)
                    .list(new RecordQuery(
                            query.abandonedOnly(),
                            query.claimedSince(),
                            query.operation(),
                            place == 0 && after != null ? after.key() : null,
                            left));
            page.stream()
                    .filter(record -> !liveOnly || !record.isAbandoned())
                    .map(record -> describe(store, record, null, null))
                    .forEach(found::add);
            left -= page.size();
            if (left == 0) {
                next = new Cursor(store.name(), page.get(page.size() - 1).key()).toString();
                break;
            }
        }
        return new IdempotencyDescriptor(
                contracts(
                        query.operation() == null
                                ? operations.operations()
                                : operations.ofOperation(query.operation())),
                found,
                next);
    }

    /**
     * Shows one record, or without a key what holds for the operation.
     *
     * @param operation the operation
     * @param key the key's value
     * @param scope the key's scope; null if it has none
     */
    @ReadOperation
    public WebEndpointResponse<Object> show(
            SecurityContext security, @Selector String operation, @Nullable String key, @Nullable String scope) {
        return answer(() -> key == null
                ? contract(operation)
                : show(
                        find(new IdempotencyKey(operation, scope == null ? "" : scope, key), null),
                        showValues.isShown(security, roles)));
    }

    private IdempotencyDescriptor contract(String operation) {
        Set<ConfiguredOperation> known = operations.ofOperation(operation);
        if (known.isEmpty()) {
            throw new Refusal(
                    404,
                    "The operation '" + operation + "' is not declared here; add '?key=' to see a record that it left,"
                            + " or list them by '?operation=" + operation + "' at the endpoint itself");
        }
        return new IdempotencyDescriptor(contracts(known), null, null);
    }

    private RecordDescriptor show(Found found, boolean withValue) {
        RecordedOutcome outcome = found.record().outcome();
        return describe(
                found.store(),
                found.record(),
                outcome == null ? null : describe(found, outcome, withValue),
                found.records().findSteps(found.record().key()).stream()
                        .map(step -> new StepDescriptor(step.name(), step.outcome() == null ? "begun" : "recorded"))
                        .toList());
    }

    private OutcomeDescriptor describe(Found found, RecordedOutcome recorded, boolean withValue) {
        if (recorded instanceof RecordedOutcome.NotReplayable lost) {
            return new OutcomeDescriptor("not-replayable", null, null, null, lost.reason());
        }
        boolean failure = recorded instanceof RecordedOutcome.Encoded encoded
                ? encoded.kind() == RecordedOutcome.Encoded.Kind.FAILURE
                : recorded instanceof RecordedOutcome.ByReference held && held.outcome() instanceof Outcome.Failure;
        String kind = failure ? "failure" : "value";
        Operation<?> operation = found.operation();
        if (!withValue || operation == null) {
            return new OutcomeDescriptor(kind, null, null, null, null);
        }
        try {
            Outcome outcome = operations.codec(found.store()).decode(recorded, operation.type());
            return outcome instanceof Outcome.Failure thrown
                    ? new OutcomeDescriptor(
                            kind,
                            thrown.cause().getClass().getName(),
                            thrown.cause().getMessage(),
                            null,
                            null)
                    : new OutcomeDescriptor(kind, null, null, values.write(((Outcome.Value) outcome).value()), null);
        } catch (OutcomeCodecException unreadable) {
            return new OutcomeDescriptor(kind, null, null, null, unreadable.getMessage());
        } catch (JacksonException | IllegalArgumentException unwritable) {
            // Its message may quote the value.
            String problem =
                    "cannot be written as JSON: " + unwritable.getClass().getSimpleName();
            return new OutcomeDescriptor(kind, null, null, null, problem);
        }
    }

    /**
     * Settles a record of which nobody knows the outcome, forgets one, or finishes its execution without its caller.
     *
     * @param operation the operation
     * @param key the key's value, as it is listed
     * @param fencingToken the record's token, as it was seen
     * @param action what to do
     * @param why the reason
     * @param scope the key's scope; null if it has none
     * @param value what the operation returned, as a text that is JSON; null if it returns nothing
     * @param failure the type of the failure, one of those that the operation records
     * @param message the failure's message
     */
    @WriteOperation
    public WebEndpointResponse<Object> settle(
            SecurityContext security,
            @Selector String operation,
            String key,
            long fencingToken,
            Action action,
            String why,
            @Nullable String scope,
            @Nullable String value,
            @Nullable String failure,
            @Nullable String message) {
        return answer(() -> {
            Principal who = security.getPrincipal();
            if (who == null || who.getClass().getSimpleName().equals("AnonymousAuthenticationToken")) {
                throw new Refusal(
                        403,
                        "Nobody is authenticated, so that nobody could be named who settled the record; secure the"
                                + " management endpoints, by Spring Security for example, and send credentials");
            }
            if ((value != null && action != Action.COMPLETE)
                    || ((failure != null || message != null) && action != Action.FAIL)) {
                throw new Refusal(400, "'value' goes with complete, 'failure' and 'message' with fail");
            }
            IdempotencyKey named = new IdempotencyKey(operation, scope == null ? "" : scope, key);
            Found found = find(named, fencingToken);
            requireSame(found.record(), fencingToken);
            String result;
            try {
                result = act(found, fencingToken, action, who.getName(), why, value, failure, message);
            } catch (UnreadableRequestException unreadable) {
                throw new Refusal(
                        400,
                        "What the call for '" + named + "' asked for cannot be read any more: "
                                + unreadable.getMessage() + "; settle the record");
            } catch (IdempotencyStoreException unknown) {
                audit(named, fencingToken, action, "unknown", who.getName(), why);
                throw unknown;
            }
            if (result == null) {
                throw new Refusal(
                        409,
                        "The record of '" + named + "' with the fencing token " + fencingToken
                                + " is not abandoned, or another by now; look at it again");
            }
            audit(named, fencingToken, action, result, who.getName(), why);
            return new SettledDescriptor(
                    named.operation(),
                    named.scope(),
                    named.value(),
                    fencingToken,
                    action.toString(),
                    who.getName(),
                    why,
                    action == Action.RECOVER ? result : null);
        });
    }

    /** Does what is asked for, and says what came of it; null if the record is another, or not abandoned. */
    private @Nullable String act(
            Found found,
            long fencingToken,
            Action action,
            String who,
            String why,
            @Nullable String value,
            @Nullable String failure,
            @Nullable String message) {
        IdempotencyRecords records = found.records();
        IdempotencyKey key = found.record().key();
        return switch (action) {
            case COMPLETE -> done(records.complete(key, fencingToken, values.read(known(found), value), who, why));
            case FAIL ->
                done(records.fail(key, fencingToken, JsonValues.failure(known(found), failure, message), who, why));
            case RELEASE -> done(records.release(key, fencingToken, who, why));
            case FORGET -> done(records.forget(key, fencingToken, who, why));
            case RECOVER ->
                switch (recoverer.recoverNow(key, fencingToken, who, why)) {
                    case FINISHED -> "finished";
                    case NOT_FINISHED -> "not-finished";
                    case TAKEN -> null;
                };
        };
    }

    private static @Nullable String done(boolean done) {
        return done ? "done" : null;
    }

    private static void requireSame(IdempotencyRecord record, long fencingToken) {
        if (record.fencingToken() != fencingToken) {
            throw new Refusal(
                    409,
                    "The record of '" + record.key() + "' has the fencing token " + record.fencingToken() + ", and not "
                            + fencingToken + ": it is another by now; look at it again");
        }
        if (record.state() instanceof IdempotencyRecord.InProgress inProgress && !record.isAbandoned()) {
            throw new Refusal(
                    409,
                    "Somebody holds '" + record.key() + "' until " + inProgress.leaseEndsAt()
                            + " at least; look at it again when the lease is over");
        }
    }

    private static Operation<?> known(Found found) {
        Operation<?> operation = found.operation();
        if (operation == null) {
            throw new Refusal(
                    400,
                    "The operation '" + found.record().key().operation() + "' is not declared here, so that what it"
                            + " produces is not known; release or forget the record, or settle it where it is"
                            + " declared");
        }
        return operation;
    }

    private void audit(IdempotencyKey key, long fencingToken, Action action, String result, String who, String why) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("operation", key.operation());
        data.put("scope", key.scope());
        data.put("key", key.value());
        data.put("action", action.toString());
        data.put("result", result);
        data.put("why", why);
        data.put("fencingToken", fencingToken);
        try {
            events.publishEvent(new AuditApplicationEvent(who, AUDIT_TYPE, data));
        } catch (RuntimeException failure) {
            // The act is done, and whoever did it has to be told so.
            LOG.error("The audit event " + data + " of " + who + " was published, and a listener failed", failure);
        }
    }

    /** Looks in the stores of the operation, or in all if it is not known here, for the record with the token first. */
    private Found find(IdempotencyKey key, @Nullable Long fencingToken) {
        Set<ConfiguredOperation> known = operations.ofOperation(key.operation());
        Found found = null;
        for (UsedStore store : operations.stores()) {
            if (!known.isEmpty() && known.stream().noneMatch(one -> one.engine() == store.engine())) {
                continue;
            }
            IdempotencyRecords records = operations.records(store);
            IdempotencyRecord record = records.find(key);
            if (record != null && (found == null || (fencingToken != null && record.fencingToken() == fencingToken))) {
                found = new Found(
                        store,
                        records,
                        record,
                        known.isEmpty() ? null : known.iterator().next().operation());
            }
        }
        if (found == null) {
            throw new Refusal(
                    404,
                    "There is no record of '" + key + "' in the stores that operations use, "
                            + operations.stores().stream().map(UsedStore::name).toList() + ": the key is free there");
        }
        return found;
    }

    private RecordDescriptor describe(
            UsedStore store,
            IdempotencyRecord record,
            @Nullable OutcomeDescriptor outcome,
            @Nullable List<StepDescriptor> steps) {
        boolean known = !operations.ofOperation(record.key().operation()).isEmpty();
        return RecordDescriptor.of(record, known, store.name(), recoverer.prospect(record), outcome, steps);
    }

    private List<OperationDescriptor> contracts(Collection<ConfiguredOperation> known) {
        List<UsedStore> stores = operations.stores();
        return known.stream()
                .flatMap(one -> stores.stream()
                        .filter(store -> store.engine() == one.engine())
                        .map(store -> OperationDescriptor.of(one, store.name())))
                .toList();
    }

    private static WebEndpointResponse<Object> answer(Supplier<Object> work) {
        try {
            return new WebEndpointResponse<>(work.get());
        } catch (Refusal refusal) {
            return problem(refusal.status(), refusal.getMessage());
        } catch (IdempotencyStoreException failure) {
            return problem(WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE, failure.getMessage());
        } catch (IdempotencyKeyException | IllegalArgumentException refusal) {
            return problem(WebEndpointResponse.STATUS_BAD_REQUEST, refusal.getMessage());
        }
    }

    private static WebEndpointResponse<Object> problem(int status, @Nullable String detail) {
        return new WebEndpointResponse<>(Problem.of(status, String.valueOf(detail)), status, PROBLEM);
    }

    /**
     * A record.
     *
     * @param store where it is
     * @param records what can be done to it
     * @param record what was seen
     * @param operation what its key names; null where that is not known here
     */
    private record Found(
            UsedStore store,
            IdempotencyRecords records,
            IdempotencyRecord record,
            @Nullable Operation<?> operation) {}
}
