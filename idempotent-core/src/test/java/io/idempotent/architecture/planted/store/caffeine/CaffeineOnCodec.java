package io.idempotent.architecture.planted.store.caffeine;

import io.idempotent.architecture.planted.codec.CodecOnStore;

/** Breaks: a store does not encode. */
final class CaffeineOnCodec {

    CodecOnStore codec;
}
