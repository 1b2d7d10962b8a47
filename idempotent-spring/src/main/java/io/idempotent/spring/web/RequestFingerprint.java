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
 * What a request says, as a digest that does not change over its repetitions.
 *
 * <ol>
 *   <li>Method, path, query, and the headers that are configured.
 *   <li>Of a form, its parameters, in order of their names, and what nobody has read of its body.
 *   <li>Of a multipart body, each part's name, file name, type and content: the boundary is another one each time.
 *   <li>Of JSON, what it means, so that white space and the order of members say nothing; of what is no JSON, and of
 *       every other body, its bytes.
 * </ol>
 *
 * <p>Version 1: SHA-256 over these texts in UTF-16 and contents, each with its length in bytes before it, and each list with its
 * size; of JSON over the kind of each value, a character, and names and simple values. Lengths and sizes take eight bytes. The
 * digest is written in Base64 for URLs.
 */
final class RequestFingerprint {

    private static final boolean JACKSON_PRESENT =
            ClassUtils.isPresent("tools.jackson.core.json.JsonFactory", RequestFingerprint.class.getClassLoader());

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
     * @throws RequestTooLargeException if the body is longer than is accepted
     * @throws IOException if the body cannot be read
     */
    Fingerprint take(RecordingRequest request, String operation) throws IOException, ServletException {
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
            case JSON -> {
                ByteBuffer body = body(request, operation);
                if (!JACKSON_PRESENT || !CanonicalJson.addTo(digest, body)) {
                    digest.add(body);
                }
            }
            case OTHER -> digest.add(body(request, operation));
        }
        return digest.fingerprint();
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
            digest.add(Arrays.asList(parameter.getValue()));
            for (String value : parameter.getValue()) {
                length += parameter.getKey().length() + value.length();
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
        long length = 0;
        for (Part part : request.getParts()) {
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

    /** Joins texts so that no two different lists of them make the same digest. */
    static final class Digest {

        private static final Base64.Encoder TEXTS = Base64.getUrlEncoder().withoutPadding();

        // A copy takes less than to look for the one that the platform prefers.
        private static final MessageDigest EMPTY = sha256();

        private final MessageDigest sha256;

        // To digest a few bytes at a time takes longer than to digest them.
        private final ByteBuffer pending = ByteBuffer.allocate(256);

        Digest() {
            this.sha256 = copy();
        }

        private static MessageDigest copy() {
            try {
                return (MessageDigest) EMPTY.clone();
            } catch (CloneNotSupportedException another) {
                return sha256();
            }
        }

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
            if (pending.remaining() < Character.BYTES) {
                flush();
            }
            pending.putChar(character);
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
            flush();
            sha256.update(content);
        }

        void add(long length, InputStream content) throws IOException {
            add(length);
            flush();
            content.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), sha256));
        }

        void add(long number) {
            if (pending.remaining() < Long.BYTES) {
                flush();
            }
            pending.putLong(number);
        }

        private void flush() {
            sha256.update(pending.array(), 0, pending.position());
            pending.clear();
        }

        Fingerprint fingerprint() {
            flush();
            return Fingerprint.ofDigest("http1:" + TEXTS.encodeToString(sha256.digest()));
        }
    }
}
