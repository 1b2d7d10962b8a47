package io.idempotent.spring.web;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A part of a multipart body, as a {@link RequestFingerprint} reads it. */
public interface ComparedPart {

    /** Its name. */
    String name();

    /** The name of its file; null if it is none. */
    @Nullable
    String fileName();

    /** Its type; null if it does not say it. */
    @Nullable
    String contentType();

    /** Its headers. */
    Map<String, List<String>> headers();

    /** How long its content is. */
    long size();

    /** Its content, to be closed. */
    InputStream content() throws IOException;
}
