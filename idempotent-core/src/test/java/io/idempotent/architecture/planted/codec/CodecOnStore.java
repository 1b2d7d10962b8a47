package io.idempotent.architecture.planted.codec;

import io.idempotent.architecture.planted.store.StoreOnEngine;

/** Breaks: a codec knows no store. */
public final class CodecOnStore {

    StoreOnEngine store;
}
