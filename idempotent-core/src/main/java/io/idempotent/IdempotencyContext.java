package io.idempotent;

import java.time.Instant;
import java.util.HexFormat;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What code that runs inside an idempotent operation may know of its execution.
 *
 * <p>Bound to the thread that runs the operation; a thread that the operation hands work to has to be given what it
 * needs. The methods of one instance may be called by any thread.
 */
public abstract class IdempotencyContext {

    private static final int GENERATION = 1;

    private static final ThreadLocal<@Nullable IdempotencyContext> CURRENT = new ThreadLocal<>();

    /** For the engine, which makes the contexts. */
    protected IdempotencyContext() {}

    /**
     * The context of the innermost idempotent operation that this thread is running.
     *
     * @throws IllegalStateException if it is running none
     */
    public static IdempotencyContext current() {
        IdempotencyContext context = CURRENT.get();
        if (context == null) {
            throw new IllegalStateException(
                    "This thread is not running an idempotent operation: the call was not intercepted (a bean that"
                            + " calls itself bypasses its proxy), the operation is disabled, or it runs on another"
                            + " thread");
        }
        return context;
    }

    /** Like {@link #current()}, but null where this thread is running no idempotent operation. */
    public static @Nullable IdempotencyContext currentOrNull() {
        return CURRENT.get();
    }

    /**
     * Binds a context to this thread, or none.
     *
     * @return what was bound before, to be bound again afterwards
     */
    protected static @Nullable IdempotencyContext bind(@Nullable IdempotencyContext context) {
        IdempotencyContext before = CURRENT.get();
        // Set to null rather than removed: the thread's entry stays, and is not made anew for each execution.
        CURRENT.set(context);
        return before;
    }

    /** The key that this execution holds. */
    public abstract IdempotencyKey key();

    /** Which attempt is running: 1 for the first, then one more for each retry within this claim. */
    public abstract int attempt();

    /** How many claims of this key took over from an owner whose lease had ended: 0 for the first claim. */
    public abstract int takeovers();

    /** When the key was first claimed, by the store's clock; a claim that takes over keeps it. */
    public abstract Instant firstClaimedAt();

    /**
     * The claim's fencing token, which grows with every claim of a key. Hand it to whatever this operation writes to,
     * so that it can refuse the writes of an owner that was taken over. In SQL, where a row is written under one key only,
     * and keeps the token of whoever wrote it last, 0 at first:
     *
     * <pre>{@code
     * UPDATE payment SET status = ?, fencing_token = ?
     * WHERE id = ? AND fencing_token <= ?
     * }</pre>
     *
     * <p>The token is the second parameter and the last. Where no row was updated, a later owner has written it: throw, so that
     * the rest of the transaction is rolled back. Tokens of different keys say nothing of each other.
     */
    public abstract long fencingToken();

    /**
     * Tells whether this execution can no longer be sure of its claim: a renewal was refused, or the lease is over as
     * measured from before the last successful request. Long operations ask before they act again.
     */
    public abstract boolean leaseLost();

    /**
     * The steps of this execution: parts whose outcome is recorded once, and which no later attempt runs again.
     *
     * @throws IllegalStateException if the operation is atomic: its transaction undoes or keeps all of it
     */
    public abstract Steps steps();

    /**
     * An identifier derived from the key and a name: the same on every attempt and every later execution of this key,
     * and another for every other key or name. Use it for what the operation creates.
     */
    public final UUID uuid(String name) {
        byte[] digest = digest(name);
        // Version 8 of RFC 9562: bits of the maker's own choosing.
        digest[6] = (byte) ((digest[6] & 0x0f) | 0x80);
        digest[8] = (byte) ((digest[8] & 0x3f) | 0x80);
        long high = 0;
        long low = 0;
        for (int index = 0; index < 8; index++) {
            high = (high << 8) | (digest[index] & 0xff);
            low = (low << 8) | (digest[index + 8] & 0xff);
        }
        return new UUID(high, low);
    }

    /**
     * A key for a downstream call, derived from this key and a name: 64 hexadecimal digits, the same on every attempt
     * and every later execution of this key.
     */
    public final String keyFor(String name) {
        return HexFormat.of().formatHex(digest(name));
    }

    private byte[] digest(String name) {
        // The length keeps (key, name) apart from every other pair that would make the same text. The number before it
        // is the
        // generation of what is derived: the first, and the same for as long as nothing that was done is undone.
        String key = key().toString();
        String text = GENERATION + ":" + key.length() + ':' + key + name;
        return Sha256.of(text);
    }
}
