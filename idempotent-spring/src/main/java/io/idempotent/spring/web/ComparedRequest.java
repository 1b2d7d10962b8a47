package io.idempotent.spring.web;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a {@link RequestFingerprint} reads of a request, whatever serves it. Reading it waits for the whole body. */
public interface ComparedRequest {

    /** The method. */
    String method();

    /** The path as it was sent. */
    String path();

    /** The query as it was sent; null if there is none. */
    @Nullable
    String query();

    /** The fields of a header; none if the request lacks it. */
    List<String> headers(String name);

    /** The type of the body as it was sent; null if the request does not say it. */
    @Nullable
    String contentType();

    /** The announced length of the body; negative if the request does not say it. */
    long contentLength();

    /**
     * The whole body that nobody has read in another way, not to be changed; null if it is longer than is accepted.
     *
     * @throws Exception if it cannot be read
     */
    @Nullable
    ByteBuffer body() throws Exception;

    /**
     * The parameters of the query and of a form.
     *
     * @throws Exception if they cannot be read
     */
    Map<String, String[]> parameters() throws Exception;

    /**
     * The parts of a multipart body; null where nobody takes it to parts, so that it is one body.
     *
     * @throws Exception if they cannot be read
     */
    @Nullable
    Collection<? extends ComparedPart> parts() throws Exception;
}
