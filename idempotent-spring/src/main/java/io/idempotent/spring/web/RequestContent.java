package io.idempotent.spring.web;

import io.idempotent.Weighted;
import io.idempotent.spring.web.RequestFingerprint.Digest;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a request says, for as long as this JVM keeps it: equal to another if they say the same. A short one is kept as
 * it came, and has to be understood only if another has other bytes; of a long one its digest is kept. Immutable.
 */
final class RequestContent implements Weighted {

    private static final int MAXIMUM_LENGTH = 1_024;

    private static final int NOWHERE = -1;

    // All that is said, or its digest.
    private final byte[] bytes;

    // Where the body begins; nowhere in a digest.
    private final int bodyAt;

    private final boolean json;

    private RequestContent(byte[] bytes, int bodyAt, boolean json) {
        this.bytes = bytes;
        this.bodyAt = bodyAt;
        this.json = json;
    }

    /**
     * What has this digest.
     *
     * @param digest the digest, which nobody is to change
     */
    RequestContent(byte[] digest) {
        this(digest, NOWHERE, false);
    }

    /** What is said before the body, and the body; null if it is too long. */
    static @Nullable RequestContent of(Digest before, boolean json, ByteBuffer body) {
        byte[] bytes = before.added(body.remaining(), MAXIMUM_LENGTH);
        if (bytes == null) {
            return null;
        }
        int bodyAt = bytes.length - body.remaining();
        body.get(body.position(), bytes, bodyAt, body.remaining());
        return new RequestContent(bytes, bodyAt, json);
    }

    @Override
    public long weight() {
        return bytes.length;
    }

    private byte[] digest() {
        if (bodyAt == NOWHERE) {
            return bytes;
        }
        Digest digest = new Digest();
        digest.addUncounted(ByteBuffer.wrap(bytes, 0, bodyAt));
        RequestFingerprint.addBody(digest, json, ByteBuffer.wrap(bytes, bodyAt, bytes.length - bodyAt));
        return digest.bytes();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RequestContent content
                && ((bodyAt == content.bodyAt && Arrays.equals(bytes, content.bytes))
                        || Arrays.equals(digest(), content.digest()));
    }

    /**
     * {@inheritDoc} The same for all: nobody looks for one by it, and only the digest would tell those apart that
     * differ.
     */
    @Override
    public int hashCode() {
        return RequestContent.class.hashCode();
    }
}
