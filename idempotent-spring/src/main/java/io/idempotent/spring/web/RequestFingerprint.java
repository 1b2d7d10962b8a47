package io.idempotent.spring.web;

import io.idempotent.Fingerprint;
import io.idempotent.Sha256;
import io.idempotent.codec.CanonicalJson;
import io.idempotent.spring.settings.WebSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.util.ClassUtils;
import org.springframework.util.InvalidMimeTypeException;
import org.springframework.util.MimeType;
import org.springframework.util.MimeTypeUtils;

/**
 * Takes fingerprints of requests, from what does not change when they are repeated. A fingerprint is a digest or, for
 * stores that keep objects as they are, a {@link RequestContent}.
 *
 * <ol>
 *   <li>Method, path and query count as they were sent, and so do the configured headers.
 *   <li>Of the body's description count its encoding, language and range, and its type with all parameters in one
 *       spelling and order, except the boundary.
 *   <li>A form is its parameters in the order of their names, and the rest of its body that nobody has read.
 *   <li>A multipart body is each part's name, file name, type, other headers and content, since the boundary changes
 *       each time. Where multipart is switched off, it is its bytes.
 *   <li>JSON in UTF-8 is what it {@linkplain CanonicalJson means}. Malformed JSON and every other body are their bytes.
 * </ol>
 *
 * <p>Version 1 is the SHA-256 over these texts in UTF-16 and contents, each after its length in bytes, and each list
 * after its size. JSON is -1 and its meaning. Lengths and sizes take eight bytes, in big-endian order. The digest is
 * written in Base64 for URLs.
 */
public final class RequestFingerprint {

    private static final boolean JACKSON_PRESENT =
            ClassUtils.isPresent("tools.jackson.core.json.JsonFactory", RequestFingerprint.class.getClassLoader());

    /** Headers that say how to understand a body. Its length and its digests say nothing more than the body itself. */
    private static final List<String> OF_BODY = List.of("content-encoding", "content-language", "content-range");

    /** Headers of a part that are compared in another way, or say nothing. */
    private static final Set<String> NOT_OF_PART = Set.of("content-disposition", "content-type", "content-length");

    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private final List<String> headers;

    private final long maximumBodySize;

    /** Takes fingerprints by these settings. */
    public RequestFingerprint(WebSettings settings) {
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
     * @throws Exception if the request cannot be read
     */
    public Fingerprint take(ComparedRequest request, String operation, boolean byContent) throws Exception {
        BodyType type = BodyType.of(request.contentType());
        if (request.contentLength() > maximumBodySize) {
            throw new RequestTooLargeException(operation, maximumBodySize);
        }
        Digest digest = new Digest();
        digest.add(request.method());
        // As it was sent: template and variables leave out what wildcards match.
        digest.add(request.path());
        digest.addNullable(request.query());
        for (String header : headers) {
            digest.add(header);
            digest.add(request.headers(header));
        }
        for (String header : OF_BODY) {
            List<String> values = request.headers(header);
            if (!values.isEmpty()) {
                digest.add(header);
                digest.add(values);
            }
        }
        Collection<? extends ComparedPart> parts = type.kind() == Kind.MULTIPART ? request.parts() : null;
        digest.add((parts == null && type.kind() == Kind.MULTIPART ? Kind.OTHER : type.kind()).name());
        if (type.kind() == Kind.FORM) {
            addForm(digest, request, type, operation);
        } else if (parts != null) {
            digest.add(type.text());
            addParts(digest, parts, operation);
        } else {
            digest.add(type.text());
            boolean json = type.kind() == Kind.JSON;
            ByteBuffer body = body(request, operation);
            RequestContent kept = byContent ? RequestContent.of(digest, json, body) : null;
            if (kept != null) {
                return Fingerprint.ofContent(kept);
            }
            addBody(digest, json, body);
        }
        byte[] bytes = digest.bytes();
        return byContent
                ? Fingerprint.ofContent(new RequestContent(bytes))
                : Fingerprint.ofDigest("http1:" + BASE64.encodeToString(bytes));
    }

    /** Adds a body that is no form. */
    static void addBody(Digest digest, boolean json, ByteBuffer body) {
        ByteBuffer meaning = json && JACKSON_PRESENT ? CanonicalJson.of(body) : null;
        if (meaning == null) {
            digest.add(body);
        } else {
            digest.add(-1);
            digest.addUncounted(meaning);
        }
    }

    private ByteBuffer body(ComparedRequest request, String operation) throws Exception {
        ByteBuffer body = request.body();
        if (body == null) {
            throw new RequestTooLargeException(operation, maximumBodySize);
        }
        return body;
    }

    private void addForm(Digest digest, ComparedRequest request, BodyType type, String operation) throws Exception {
        long length = 0;
        for (Map.Entry<String, String[]> parameter : new TreeMap<>(request.parameters()).entrySet()) {
            digest.add(parameter.getKey());
            digest.add(parameter.getValue().length);
            for (String value : parameter.getValue()) {
                // Some who read forms have none for a name alone.
                digest.addNullable(value);
                length += parameter.getKey().length() + (value == null ? 0 : value.length());
            }
        }
        if (length > maximumBodySize) {
            throw new RequestTooLargeException(operation, maximumBodySize);
        }
        ByteBuffer rest = body(request, operation);
        if (rest.hasRemaining()) {
            digest.add(type.text());
            digest.add(rest);
        }
    }

    private void addParts(Digest digest, Collection<? extends ComparedPart> parts, String operation)
            throws IOException {
        long length = 0;
        for (ComparedPart part : parts) {
            length += part.size();
            if (length > maximumBodySize) {
                throw new RequestTooLargeException(operation, maximumBodySize);
            }
            digest.add(part.name());
            digest.addNullable(part.fileName());
            String type = part.contentType();
            digest.addNullable(type == null ? null : BodyType.of(type).text());
            Map<String, List<String>> others = new TreeMap<>();
            part.headers().forEach((header, values) -> {
                String name = header.toLowerCase(Locale.ROOT);
                if (!NOT_OF_PART.contains(name)) {
                    others.put(name, List.copyOf(values));
                }
            });
            digest.add(others.size());
            others.forEach((name, values) -> {
                digest.add(name);
                digest.add(values);
            });
            try (InputStream content = part.content()) {
                digest.add(part.size(), content);
            }
        }
    }

    /** What kind of body it is. */
    private enum Kind {
        FORM,
        MULTIPART,
        JSON,
        OTHER
    }

    /**
     * What a header says of the type of a body.
     *
     * @param kind how it is compared
     * @param text its one spelling; empty for what nearly all bodies are
     */
    private record BodyType(Kind kind, String text) {

        private static final BodyType PLAIN_JSON = new BodyType(Kind.JSON, "");

        private static final BodyType UNSAID = new BodyType(Kind.OTHER, "");

        /** In which JSON is understood whether they are said or not. */
        private static final Set<Charset> OF_JSON = Set.of(StandardCharsets.UTF_8, StandardCharsets.US_ASCII);

        static BodyType of(@Nullable String contentType) {
            if (contentType == null) {
                return UNSAID;
            }
            // As nearly all of it is said to be: to parse that takes as long as to digest it.
            if (contentType.equals(MediaType.APPLICATION_JSON_VALUE)) {
                return PLAIN_JSON;
            }
            MimeType type;
            try {
                type = MimeTypeUtils.parseMimeType(contentType);
            } catch (InvalidMimeTypeException malformed) {
                // What it is, the handler will say, and whether it knows the character set.
                return new BodyType(Kind.OTHER, contentType);
            }
            Kind kind = kind(type);
            Map<String, String> parameters = new TreeMap<>();
            type.getParameters().forEach((name, value) -> parameters.put(name.toLowerCase(Locale.ROOT), value));
            Charset charset = type.getCharset();
            if (charset != null && kind == Kind.JSON && OF_JSON.contains(charset)) {
                parameters.remove("charset");
            } else if (charset != null) {
                parameters.put("charset", charset.name());
                kind = kind == Kind.JSON ? Kind.OTHER : kind;
            }
            if (kind == Kind.MULTIPART) {
                parameters.remove("boundary");
            }
            boolean plain =
                    kind == Kind.JSON && parameters.isEmpty() && MediaType.APPLICATION_JSON.equalsTypeAndSubtype(type);
            return plain ? PLAIN_JSON : new BodyType(kind, type.getType() + '/' + type.getSubtype() + parameters);
        }

        private static Kind kind(MimeType type) {
            if (MediaType.APPLICATION_FORM_URLENCODED.equalsTypeAndSubtype(type)) {
                return Kind.FORM;
            }
            if (type.getType().equals("multipart")) {
                return Kind.MULTIPART;
            }
            return type.getSubtype().equals("json") || type.getSubtype().endsWith("+json") ? Kind.JSON : Kind.OTHER;
        }
    }

    /** Joins texts so that no two different lists of them make the same digest. Used by one thread. */
    static final class Digest {

        // A copy takes less than to look for the one that the platform prefers.
        private static final MessageDigest EMPTY = Sha256.begin();

        private static final int FIRST_CAPACITY = 128;

        private static final int LARGEST_CAPACITY = 1_024;

        // To digest a few bytes at a time takes longer than to digest them.
        private ByteBuffer pending = ByteBuffer.allocate(FIRST_CAPACITY);

        // Begun when more was added than is pending.
        private @Nullable MessageDigest sha256;

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
                    sha256 = Sha256.begin();
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
