package io.idempotent.store;

import java.util.Set;

/**
 * What a store answers to {@link IdempotencyStore#renew}. A claim that it was asked to renew and that is in neither set
 * is no longer the key's.
 *
 * @param renewed those whose leases were renewed
 * @param undecided those whose records somebody else locks, so the store cannot tell now. They may be held or lost,
 *     their leases are as they were, and asking again soon tells
 */
public record RenewalResult(Set<Claim> renewed, Set<Claim> undecided) {

    /** Copies both sets. */
    public RenewalResult {
        renewed = Set.copyOf(renewed);
        undecided = Set.copyOf(undecided);
    }

    /** The answer of a store that knows all. */
    public static RenewalResult of(Set<Claim> renewed) {
        return new RenewalResult(renewed, Set.of());
    }
}
