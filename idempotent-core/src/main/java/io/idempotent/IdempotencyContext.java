package io.idempotent;

import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What code inside an idempotent operation may know of its execution.
 *
 * <p>It is bound to the thread that runs the operation. Give another thread, which the operation hands work to, what
 * that needs. Any thread may call the methods of one instance.
 */
public abstract class IdempotencyContext {

    private static final int GENERATION = 1;

    private static final ThreadLocal<@Nullable IdempotencyContext> CURRENT = new ThreadLocal<>();

    /** For the engine, which makes the contexts. */
    protected IdempotencyContext() {}

    /**
     * Returns the context of the innermost idempotent operation that this thread runs.
     *
     * @throws IllegalStateException if this thread runs none
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

    /** Like {@link #current()}, but null if this thread runs no idempotent operation. */
    public static @Nullable IdempotencyContext currentOrNull() {
        return CURRENT.get();
    }

    /**
     * Binds a context to this thread, or none: for those who carry contexts to the threads that a part of the operation
     * runs on.
     *
     * @return what was bound before; bind it again afterwards
     */
    public static @Nullable IdempotencyContext bind(@Nullable IdempotencyContext context) {
        IdempotencyContext before = CURRENT.get();
        // Set to null and not removed, so that the thread's entry is not made anew for each execution.
        CURRENT.set(context);
        return before;
    }

    /** Returns the key that this execution holds. */
    public abstract IdempotencyKey key();

    /** Returns which attempt runs: 1 for the first, and one more for each retry within this claim. */
    public abstract int attempt();

    /** Returns how many claims of this key took over from an owner whose lease had ended: 0 for the first claim. */
    public abstract int takeovers();

    /**
     * Tells whether this execution finishes, without its caller, what a crash cut off: whoever called is not there, and
     * neither is what belongs to that call, such as a request, a user or a trace.
     */
    public abstract boolean recovered();

    /** Returns when the key was first claimed, by the store's clock. A claim that takes over keeps that time. */
    public abstract Instant firstClaimedAt();

    /**
     * Returns the claim's fencing token, which grows with every claim of a key. Hand it to whatever this operation
     * writes to, so that the other side can refuse an owner whose claim was taken over. In SQL, for a row that is
     * written under one key only and keeps the token of its last writer, 0 at first:
     *
     * <pre>{@code
     * UPDATE payment SET status = ?, fencing_token = ?
     * WHERE id = ? AND fencing_token <= ?
     * }</pre>
     *
     * <p>The token is the second parameter and the last. If no row was updated, a later owner has written it: throw, so
     * that the rest of the transaction is rolled back. Tokens of different keys cannot be compared.
     */
    public abstract long fencingToken();

    /**
     * Tells whether this execution can no longer be sure of its claim: the store refused a renewal, or the lease is
     * over, counted from before its last successful renewal. Ask this before each act of a long operation.
     */
    public abstract boolean leaseLost();

    /**
     * Returns how long this execution may still take, so that it can give what it calls a timeout: the rest of the time
     * in which its lease is renewed, or of the time that all attempts may take, whichever ends first. Zero once that is
     * over, or the lease is lost.
     *
     * <p>Neither interrupts what runs. After the first, others may take over the key when the lease ends; after the
     * second, no further attempt begins.
     *
     * @return null if nothing limits it: it has no lease, because its operation is atomic or runs unprotected, and no
     *     timeout of attempts
     */
    public abstract @Nullable Duration remaining();

    /**
     * Returns the steps of this execution: parts whose outcome is recorded once, and which no later attempt runs again.
     *
     * @throws IllegalStateException if the operation is atomic: its transaction undoes or keeps all of it
     */
    public abstract Steps steps();

    /**
     * Derives an identifier from the key and a name: the same on every attempt and every later execution of this key,
     * and another for every other key or name. Use it for what the operation creates.
     */
    public final UUID uuid(String name) {
        byte[] digest = digest(name);
        // Version 8 of RFC 9562: the maker chooses the bits.
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
     * Derives a key for a downstream call from this key and a name: 64 hexadecimal digits, the same on every attempt
     * and every later execution of this key.
     */
    public final String keyFor(String name) {
        return HexFormat.of().formatHex(digest(name));
    }

    private byte[] digest(String name) {
        // The length keeps (key, name) apart from every other pair that would make the same text. The generation stays
        // the same, or what was derived before would change.
        String key = key().toString();
        String text = GENERATION + ":" + key.length() + ':' + key + name;
        return Sha256.of(text);
    }
}
