package io.idempotent.spring.web;

import io.idempotent.Fingerprint;
import io.idempotent.spring.interceptor.WebSettings;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.Part;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.util.ClassUtils;
import org.springframework.util.InvalidMimeTypeException;
import org.springframework.util.MimeType;
import org.springframework.util.MimeTypeUtils;

/**
 * What a request says, as what does not change over its repetitions: a digest, or, for stores that keep objects as they are, a
 * {@link RequestContent}.
 *
 * <ol>
 *   <li>Method, path, query, and the headers that are configured.
 *   <li>Of a form, its parameters, in order of their names, and what nobody has read of its body.
 *   <li>Of a multipart body, each part's name, file name, type and content: the boundary is another one each time. Where
 *       multipart is switched off, its bytes.
 *   <li>Of JSON, what it means, so that white space and the order of members say nothing; of what is no JSON, and of
 *       every other body, its bytes.
 * </ol>
 *
 * <p>Version 1: SHA-256 over these texts in UTF-16 and contents, each with its length in bytes before it, and each list with its
 * size; of JSON over the kind of each value, a character, and names and simple values. Lengths and sizes take eight bytes. All
 * is big-endian, and the digest written in Base64 for URLs.
 */
final class RequestFingerprint {

    private static final boolean JACKSON_PRESENT =
            ClassUtils.isPresent("tools.jackson.core.json.JsonFactory", RequestFingerprint.class.getClassLoader());

    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private final List<String> headers;

    private final long maximumBodySize;

    RequestFingerprint(WebSettings settings) {
        this.headers = settings.fingerprintHeaders().stream()
                .map(name -> name.toLowerCase(Locale.ROOT))
                .sorted()
                .toList();
        this.maximumBodySize = settings.maximumBodySize().toBytes();
    }

    /**
     * Reads the body, which stays readable, and takes the fingerprint.
     *
     * @param byContent whether it may be one that means something in this JVM only
     * @throws RequestTooLargeException if the body is longer than is accepted
     * @throws IOException if the body cannot be read
     */
    Fingerprint take(RecordingRequest request, String operation, boolean byContent)
            throws IOException, ServletException {
        Content content = Content.of(request.getContentType());
        if (request.getContentLengthLong() > maximumBodySize) {
            throw new RequestTooLargeException(operation, maximumBodySize);
        }
        Digest digest = new Digest();
        digest.add(request.getMethod());
        // As it was sent: template and variables leave out what wildcards match.
        digest.add(request.getRequestURI());
        digest.addNullable(request.getQueryString());
        for (String header : headers) {
            digest.add(header);
            digest.add(Collections.list(request.getHeaders(header)));
        }
        digest.add(content.name());
        switch (content) {
            case FORM -> addForm(digest, request, operation);
            case MULTIPART -> addParts(digest, request, operation);
            case JSON, OTHER -> {
                ByteBuffer body = body(request, operation);
                RequestContent kept = byContent ? RequestContent.of(digest, content == Content.JSON, body) : null;
                if (kept != null) {
                    return Fingerprint.ofContent(kept);
                }
                addBody(digest, content == Content.JSON, body);
            }
        }
        byte[] bytes = digest.bytes();
        return byContent
                ? Fingerprint.ofContent(new RequestContent(bytes))
                : Fingerprint.ofDigest("http1:" + BASE64.encodeToString(bytes));
    }

    /** Adds a body that is no form. */
    static void addBody(Digest digest, boolean json, ByteBuffer body) {
        if (!json || !JACKSON_PRESENT || !CanonicalJson.addTo(digest, body)) {
            digest.add(body);
        }
    }

    private ByteBuffer body(RecordingRequest request, String operation) throws IOException {
        ByteBuffer body = request.body();
        if (body == null) {
            throw new RequestTooLargeException(operation, maximumBodySize);
        }
        return body;
    }

    private void addForm(Digest digest, RecordingRequest request, String operation) throws IOException {
        long length = 0;
        for (Map.Entry<String, String[]> parameter : new TreeMap<>(request.getParameterMap()).entrySet()) {
            digest.add(parameter.getKey());
            digest.addValues(parameter.getValue());
            for (String value : parameter.getValue()) {
                length += parameter.getKey().length() + (value == null ? 0 : value.length());
            }
        }
        if (length > maximumBodySize) {
            throw new RequestTooLargeException(operation, maximumBodySize);
        }
        // Containers read the forms of POST only.
        digest.add(body(request, operation));
    }

    private void addParts(Digest digest, RecordingRequest request, String operation)
            throws IOException, ServletException {
        Collection<Part> parts;
        try {
            parts = request.getParts();
        } catch (IllegalStateException failure) {
            if (failure.getCause() != null) {
                throw failure;
            }
            // Nobody takes it apart here: it is what the handler gets.
            digest.add(body(request, operation));
            return;
        }
        long length = 0;
        for (Part part : parts) {
            length += part.getSize();
            if (length > maximumBodySize) {
                throw new RequestTooLargeException(operation, maximumBodySize);
            }
            digest.add(part.getName());
            digest.addNullable(part.getSubmittedFileName());
            digest.addNullable(part.getContentType());
            try (InputStream content = part.getInputStream()) {
                digest.add(part.getSize(), content);
            }
        }
    }

    /** What kind of body it is. */
    private enum Content {
        FORM,
        MULTIPART,
        JSON,
        OTHER;

        static Content of(@Nullable String contentType) {
            if (contentType == null) {
                return OTHER;
            }
            // As nearly all of it is said to be: to parse that takes as long as to digest it.
            if (contentType.equals(MediaType.APPLICATION_JSON_VALUE)) {
                return JSON;
            }
            MimeType type;
            try {
                type = MimeTypeUtils.parseMimeType(contentType);
            } catch (InvalidMimeTypeException malformed) {
                // What it is, the handler will say.
                return OTHER;
            }
            if (MediaType.APPLICATION_FORM_URLENCODED.equalsTypeAndSubtype(type)) {
                return FORM;
            }
            if (type.getType().equals("multipart")) {
                return MULTIPART;
            }
            return type.getSubtype().equals("json") || type.getSubtype().endsWith("+json") ? JSON : OTHER;
        }
    }

    /** Joins texts so that no two different lists of them make the same digest. Used by one thread. */
    static final class Digest {

        // A copy takes less than to look for the one that the platform prefers.
        private static final MessageDigest EMPTY = sha256();

        private static final int FIRST_CAPACITY = 128;

        private static final int LARGEST_CAPACITY = 1_024;

        // The length of what is not there.
        private static final long NO_TEXT = -1;

        // To digest a few bytes at a time takes longer than to digest them.
        private ByteBuffer pending = ByteBuffer.allocate(FIRST_CAPACITY);

        // Begun when more was added than is pending.
        private @Nullable MessageDigest sha256;

        private static MessageDigest sha256() {
            try {
                return MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException impossible) {
                throw new IllegalStateException("Every Java platform has SHA-256", impossible);
            }
        }

        /** Adds text of any characters, those among them that no encoding has. */
        void add(String text) {
            add((long) text.length() * Character.BYTES);
            for (int index = 0; index < text.length(); index++) {
                addCharacter(text.charAt(index));
            }
        }

        void addCharacter(char character) {
            makeRoom(Character.BYTES);
            pending.putChar(character);
        }

        /** Adds values, some of which may have none: {@code a} of {@code a&b=1}, where a filter of Spring's reads it. */
        void addValues(String[] values) {
            add(values.length);
            for (String value : values) {
                if (value == null) {
                    add(NO_TEXT);
                } else {
                    add(value);
                }
            }
        }

        void addNullable(@Nullable String text) {
            add(text == null ? List.of() : List.of(text));
        }

        void add(List<String> texts) {
            add(texts.size());
            texts.forEach(this::add);
        }

        void add(ByteBuffer content) {
            add(content.remaining());
            addUncounted(content);
        }

        void add(long length, InputStream content) throws IOException {
            add(length);
            content.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), begun()));
        }

        void add(long number) {
            makeRoom(Long.BYTES);
            pending.putLong(number);
        }

        /** Adds what says itself where it ends. */
        void addUncounted(ByteBuffer content) {
            begun().update(content);
        }

        /** What was added, with room for so many bytes behind it; null if that would be longer than the maximum. */
        byte @Nullable [] added(int room, int maximum) {
            return sha256 != null || room > maximum - pending.position()
                    ? null
                    : Arrays.copyOf(pending.array(), pending.position() + room);
        }

        private void makeRoom(int count) {
            if (pending.remaining() >= count) {
                return;
            }
            if (pending.capacity() < LARGEST_CAPACITY && sha256 == null) {
                pending = ByteBuffer.allocate(2 * pending.capacity()).put(pending.flip());
            } else {
                var unused = begun();
            }
        }

        /** The digest of all that was added, to add more to. */
        private MessageDigest begun() {
            if (sha256 == null) {
                try {
                    sha256 = (MessageDigest) EMPTY.clone();
                } catch (CloneNotSupportedException another) {
                    sha256 = sha256();
                }
            }
            sha256.update(pending.flip());
            pending.clear();
            return sha256;
        }

        byte[] bytes() {
            return begun().digest();
        }
    }
}
