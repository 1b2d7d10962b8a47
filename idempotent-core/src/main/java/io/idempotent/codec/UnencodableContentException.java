package io.idempotent.codec;

/** Content has no canonical text. Its message names types and fields, and shows nothing of the content. */
final class UnencodableContentException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnencodableContentException(String message) {
        super(message);
    }
}
