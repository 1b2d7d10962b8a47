package io.idempotent.benchmarks;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Claims by the scripts of the Redis store, as they would be called by hand.
 *
 * @param client what calls them
 * @param digests of the script that claims, and the one that completes
 */
record ScriptClaimant(Client client, List<String> digests) implements Claimant {

    /** What talks to Redis. */
    interface Client {

        /** Calls a script of one key. */
        List<byte[]> call(String digest, byte[] key, byte[]... arguments);
    }

    private static final int OUTCOME = 9;
    private static final long LEASE = TimeUnit.MICROSECONDS.convert(StoreClaimant.LEASE);
    private static final long RETENTION = TimeUnit.MICROSECONDS.convert(StoreClaimant.RETENTION);

    @Override
    public long claimAndComplete(String value) {
        byte[] key = key(value);
        byte[] claimId = bytes(UUID.randomUUID());
        List<byte[]> claimed = claim(key, claimId);
        long token = number(granted(claimed), 1);
        if (number(claimed, 2) == 0 || number(claimed, 3) != 0) {
            throw new IllegalStateException("Taken over");
        }
        var unused = granted(client.call(
                digests.get(1), key, claimId, bytes(token), bytes("v"), StoreClaimant.outcome(), bytes(RETENTION)));
        return token;
    }

    @Override
    public byte[] replay(String value) {
        List<byte[]> record = claim(key(value), bytes(UUID.randomUUID()));
        if (record.get(0)[0] != 'v') {
            throw new IllegalStateException("Not completed");
        }
        return record.get(OUTCOME);
    }

    private List<byte[]> claim(byte[] key, byte[] claimId) {
        return client.call(digests.get(0), key, claimId, bytes(StoreClaimant.FINGERPRINT), bytes(LEASE), bytes(1));
    }

    private static byte[] key(String value) {
        return bytes(RedisBackend.KEY_PREFIX + StoreClaimant.OPERATION + ":" + value);
    }

    private static List<byte[]> granted(List<byte[]> reply) {
        if (reply.get(0)[0] != '+') {
            throw new IllegalStateException("Not granted");
        }
        return reply;
    }

    private static long number(List<byte[]> reply, int index) {
        return Long.parseLong(new String(reply.get(index), StandardCharsets.UTF_8));
    }

    private static byte[] bytes(Object text) {
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }
}
