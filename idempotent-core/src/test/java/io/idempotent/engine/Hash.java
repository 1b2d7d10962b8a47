package io.idempotent.engine;

/** Hashes of 64 bits. */
final class Hash {

    private Hash() {}

    static long of(String text) {
        long hash = 0xcbf29ce484222325L;
        for (int index = 0; index < text.length(); index++) {
            hash = (hash ^ text.charAt(index)) * 0x100000001b3L;
        }
        return hash;
    }

    static long mix(long hash, long next) {
        long mixed = (hash ^ next) * 0xff51afd7ed558ccdL;
        mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return (mixed ^ (mixed >>> 29)) + 0x9e3779b97f4a7c15L;
    }
}
