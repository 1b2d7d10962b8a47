package io.idempotent.store;

import io.idempotent.IdempotencyKey;
import java.util.UUID;

/**
 * The proof that a key was claimed, which every later write presents.
 *
 * @param key the key that is held
 * @param id the claim id, made by the claimant
 * @param fencingToken the token that the store gave to this claim; no other claim of the key has or had it
 */
public record Claim(IdempotencyKey key, UUID id, long fencingToken) {}
